// Papers: what the organisation keeps at the hub, sealed to itself. A consent record with its certificates, or a person under a nickname.
//
// A paper is signed first and sealed then: the hub has many sealed things, and could lay one in the place of another or make one up for a key
// that is public. So each says whose it is, under which id it lies and of which kind it is, and who of the organisation wrote it; whoever
// reads it believes nothing before the signature is that of a key which the organisation stated.

import { newId, text, utf8 } from "../gateway/bytes.ts";
import { type Json, NotClosed, read as readClosed } from "../gateway/closed.ts";
import { type KnownKeys, maySign } from "../gateway/directory-keys.ts";
import { Refusal } from "../gateway/fault.ts";
import { type PrivateKey, sealTo, shapeOf, sign, unseal, verify } from "../gateway/gate.ts";
import { ORGANISATION, among, anything, closedSet, like, whole } from "../gateway/shape.ts";
import type { Store } from "../gateway/store.ts";
import { type Moment, moment, now, ofSeconds, seconds } from "../gateway/time.ts";
import { Problem, get, send } from "./hub.ts";
import { known } from "./trust.ts";

export type PaperKind = "consent" | "case";

/** What signs inside a kept token. A paper is never taken for anything else that a device signs. */
const TYP_PAPER = "rp1-kept+jws";
/** Characters of a sealed paper, as the hub takes them. */
const MAX_PAPER = 262_144;
const DEPTH = 12;
/** Whose key papers are sealed to: those who take consent and refer. */
const READER = "case_worker";

const PAPER = closedSet({
  v: whole(1, 1), org: ORGANISATION, id: like(/^kpt_[0-9a-f]{32}$/), kind: among("consent", "case"), by: like(/^stf_[0-9a-f]{32}$/),
  at: whole(0), body: anything,
});

/** A paper that was opened and is what it says. */
export interface Paper<Body> {
  id: string;
  kind: PaperKind;
  /** Who of the organisation wrote it. */
  by: string;
  at: Moment;
  /** The version to replace. */
  version: number;
  body: Body;
}

/** What papers are kept and read with: [`Keys`] is one. */
export interface Keeper {
  readonly view: { staff: string; organisation: string };
  readonly store: Store;
  signer(): Promise<PrivateKey>;
  readers(): Promise<{ role: string; key: PrivateKey }[]>;
}

/** Why a paper is not kept or not shown. Says nothing of what is in it. */
export class PaperFault extends Error {
  readonly reason: "no_key" | "too_long" | "sealed_to_another" | "forged";

  constructor(reason: PaperFault["reason"]) {
    super(`the paper is not kept or not shown: ${reason}`);
    this.name = "PaperFault";
    this.reason = reason;
  }
}

/** A paper as the hub hands it out. */
interface Lying {
  id: string;
  kind: PaperKind;
  sealed: string;
  changed_at: string;
  version: number;
}

/** Keeps a paper: a new one, or in the place of the version that was read. Under the same id it can be tried again after a failure. */
export async function keep<Body>(
  keeper: Keeper,
  kind: PaperKind,
  body: Body,
  before: { id: string; version?: number } = { id: newPaperId() },
): Promise<Paper<Body>> {
  const { staff, organisation } = keeper.view;
  const at = now();
  const keys = await known([organisation], keeper.store);
  const reader = keys.readers(organisation, at).find(({ role }) => role === READER);
  if (reader === undefined) throw new PaperFault("no_key");
  const paper = { v: 1, org: organisation, id: before.id, kind, by: staff, at: seconds(at), body };
  const signed = await sign(await keeper.signer(), TYP_PAPER, utf8(JSON.stringify(paper)));
  const sealed = await sealTo(await keys.imported(reader), "kept", utf8(signed));
  if (sealed.length > MAX_PAPER) throw new PaperFault("too_long");
  const path = `/api/v1/papers/${before.id}`;
  const put = (expected?: number): Promise<Lying> => send<Lying>("PUT", path, { kind, sealed }, expected);
  const { version } = await put(before.version).catch(async (error: unknown) => {
    // The id was drawn by whoever keeps it: what lies there is what they kept before, and the answer was lost.
    if (before.version !== undefined || !(error instanceof Problem) || error.code !== "custody.exists") throw error;
    return put((await get<Lying>(path)).version);
  });
  return { id: before.id, kind, by: staff, at: ofSeconds(seconds(at)), version, body };
}

/** An id for a paper that is to come: made by whoever keeps it, so that trying again keeps one and not two. */
export const newPaperId = (): string => newId("kpt", now());

/** Papers that were read, and how many there are that could not be: sealed to a key that is not held here, or forged. */
export interface Read<Body> {
  papers: Paper<Body>[];
  closed: number;
  forged: number;
  /** Where older ones begin; absent when there are none. */
  next?: string;
}

/** How many papers are read at once at most: an organisation may keep a hundred thousand, and each is some kilobytes. */
const AT_ONCE = 200;

/** The newest papers of a kind, or those that are older than a place in the list; newest first. */
export async function list<Body>(keeper: Keeper, kind: PaperKind, after?: string, limit = AT_ONCE): Promise<Read<Body>> {
  const from = after === undefined ? "" : `&after=${encodeURIComponent(after)}`;
  const { items, next } = await get<{ items: Lying[]; next?: string }>(`/api/v1/papers?kind=${kind}&limit=${limit}${from}`);
  const read: Read<Body> = { papers: [], closed: 0, forged: 0, ...(next === undefined ? {} : { next }) };
  if (items.length === 0) return read;
  const readers = await keeper.readers();
  const keys = await known([keeper.view.organisation], keeper.store);
  for (const one of items) {
    try {
      read.papers.push(await opened<Body>(one, kind, keeper.view.organisation, readers, keys));
    } catch (fault) {
      if (!(fault instanceof PaperFault)) throw fault;
      if (fault.reason === "forged") read.forged++;
      else read.closed++;
    }
  }
  read.papers.sort((one, other) => other.at - one.at);
  return read;
}

/** One paper. */
export async function find<Body>(keeper: Keeper, kind: PaperKind, id: string): Promise<Paper<Body>> {
  const lying = await get<Lying>(`/api/v1/papers/${id}`);
  // The hub says under which id it lies; what was asked for is what counts.
  if (lying.id !== id) throw new PaperFault("forged");
  const keys = await known([keeper.view.organisation], keeper.store);
  return opened<Body>(lying, kind, keeper.view.organisation, await keeper.readers(), keys);
}

/** Opens a paper and holds it against everything that it says of itself. */
async function opened<Body>(
  { id, kind, sealed, changed_at, version }: Lying,
  asked: PaperKind,
  organisation: string,
  readers: { key: PrivateKey }[],
  keys: KnownKeys,
): Promise<Paper<Body>> {
  try {
    const { kid } = shapeOf(sealed, "kept", MAX_PAPER);
    const reader = readers.find(({ key }) => key.kid === kid);
    if (reader === undefined) throw new PaperFault("sealed_to_another");
    const token = text(await unseal(sealed, "kept", MAX_PAPER, reader.key));
    // Since when the hub has it: a key that was stolen later could date a paper back, and not when it came in.
    const received = moment(changed_at) ?? Infinity;
    const { payload } = await verify(token, TYP_PAPER, MAX_PAPER, (signer) => {
      const record = keys.key(signer);
      const isOurs = record?.organisation === organisation && maySign(record, received);
      return isOurs ? keys.imported(record) : undefined;
    });
    const paper = readClosed(payload, DEPTH);
    const said = paper as Record<string, Json>;
    const fits = PAPER(paper) && said["org"] === organisation && said["id"] === id && said["kind"] === kind && kind === asked;
    if (!fits) throw new PaperFault("forged");
    return { id, kind, by: said["by"] as string, at: ofSeconds(said["at"] as number), version, body: said["body"] as Body };
  } catch (fault) {
    if (fault instanceof PaperFault) throw fault;
    if (fault instanceof Refusal || fault instanceof NotClosed) throw new PaperFault("forged");
    throw fault;
  }
}
