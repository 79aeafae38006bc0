// The keys of organisations and of the node, as this device knows them: verified, and pinned the first time they are seen.
//
// The root key of one's own organisation is part of the code that a key holder compares before the first letter is opened, so it is not
// only believed. Of others the first answer is believed, as in every gateway.

import { type History, type KeyRecord, KnownKeys, Untrusted, mustGoOn, rootsOf, trust, verifyHistory } from "../gateway/directory-keys.ts";
import { type PublicJwk, type PublicKey, importPublic } from "../gateway/gate.ts";
import { PENDING_ROOT, type PendingRoot } from "../gateway/pending.ts";
import { heard, rootCode } from "../gateway/secrets.ts";
import type { Store } from "../gateway/store.ts";
import { now } from "../gateway/time.ts";
import { get } from "./hub.ts";

interface Pinned {
  roots: string[];
  history: History;
}

/** The history of an organisation's keys, verified, and what this device saw of it before. */
async function shown(organisation: string, store: Store): Promise<{ history: History; records: KeyRecord[]; before: Pinned | undefined }> {
  const path = `/api/v1/organisations/${organisation}/keys?limit=200`;
  const history = await get<History & { next?: string }>(path);
  for (let next = history.next; next !== undefined; ) {
    const page = await get<History & { next?: string }>(`${path}&after=${encodeURIComponent(next)}`);
    history.statements.push(...page.statements);
    next = page.next;
  }
  delete history.next;
  const before = (await store.get(`known ${organisation}`)) as Pinned | undefined;
  const records = await verifyHistory(organisation, history, now());
  mustGoOn(before?.history, history);
  return { history, records, before };
}

type Told = { history: History; records: KeyRecord[] };

/** What a page was told, or is being told at this moment. */
interface Asked {
  told: Promise<Told>;
  /** When the answer came; absent while it is on its way. */
  at?: number;
}

/** For how many milliseconds what was told is enough to read and seal by: a page asks for the same keys several times while it opens. */
const ENOUGH = 30_000;

/** By whose store it was held against, and organisation. */
const asked = new WeakMap<Store, Map<string, Asked>>();

function askedOf(store: Store): Map<string, Asked> {
  const before = asked.get(store) ?? new Map<string, Asked>();
  asked.set(store, before);
  return before;
}

/** Asks, unless an answer is on its way or came no longer ago than this. What failed is asked for again. */
function ask(organisation: string, store: Store, enough: number): Promise<Told> {
  const all = askedOf(store);
  const before = all.get(organisation);
  if (before !== undefined && (before.at === undefined || performance.now() - before.at < enough)) return before.told;
  const one: Asked = { told: tell(organisation, store) };
  all.set(organisation, one);
  one.told.then(() => (one.at = performance.now()), () => all.delete(organisation));
  return one.told;
}

/** The history of an organisation's keys, verified; refuses one that contradicts what this device saw before. */
export const historyOf = (organisation: string, store: Store): Promise<Told> => ask(organisation, store, 0);

/** The same as it was within the last half minute. Whoever changes keys, or waits for somebody who does, asks for [`historyOf`]. */
export const recent = (organisation: string, store: Store): Promise<Told> => ask(organisation, store, ENOUGH);

async function tell(organisation: string, store: Store): Promise<Told> {
  const { history, records, before } = await shown(organisation, store);
  // A root key that was made on this device needs nobody to tell it.
  const made = (await store.get(PENDING_ROOT)) as PendingRoot | undefined;
  const ours = made?.org === organisation ? [made.jwk.kid] : [];
  const roots = trust(before && [...before.roots, ...ours], undefined, rootsOf(history));
  await store.put(`known ${organisation}`, { roots, history } satisfies Pinned);
  return { history, records };
}

/** A root key that the hub names and that this device does not know. */
export interface OtherRoot {
  kid: string;
  /** It is said to be the one in force; otherwise one of those that came before it. */
  inForce: boolean;
}

/**
 * The root key of an organisation that this device has to be told about, when there is one and everything else goes on from what it saw. It
 * may be a new one, or the hub may have made it: only people can tell, outside of the hub.
 */
export async function otherRoot(organisation: string, store: Store): Promise<OtherRoot | undefined> {
  const { history, before } = await shown(organisation, store);
  if (before === undefined) return undefined;
  // Those of before come first: what they signed is only believed when it is known who they were.
  const former = history.former.map(({ root }) => root.kid).find((kid) => !before.roots.includes(kid));
  const kid = former ?? history.root.kid;
  return before.roots.includes(kid) ? undefined : { kid, inForce: former === undefined };
}

/** Whether what somebody typed is what is read aloud of this root key: its code, or its thumbprint. */
export async function isRoot(organisation: string, kid: string, typed: string): Promise<boolean> {
  return typed.trim() === kid || heard(typed) === (await rootCode(organisation, kid)).replaceAll("-", "");
}

/**
 * Trusts a root key from now on, when what was typed fits the one that the hub names at this moment. What the root key of before stood for is
 * revoked with that. Answers which it was; nothing when it did not fit.
 */
export async function trustRoot(organisation: string, typed: string, store: Store): Promise<OtherRoot | undefined> {
  const other = await otherRoot(organisation, store);
  if (other === undefined || !(await isRoot(organisation, other.kid, typed))) return undefined;
  const before = (await store.get(`known ${organisation}`)) as Pinned;
  await store.put(`known ${organisation}`, { ...before, roots: [...before.roots, other.kid] } satisfies Pinned);
  // What was told before held for the other root.
  askedOf(store).delete(organisation);
  return other;
}

/** The keys of these organisations, as [`recent`] has them. */
export async function known(organisations: string[], store: Store): Promise<KnownKeys> {
  const keys = new KnownKeys();
  for (const { records } of await Promise.all([...new Set(organisations)].map((one) => recent(one, store)))) keys.add(records);
  return keys;
}

/** The key the node signs its receipts with. */
export async function nodeKey(store: Store): Promise<PublicKey> {
  const { receipts } = await get<{ receipts: PublicJwk }>("/.well-known/throughline-node");
  const before = (await store.get("node")) as string | undefined;
  if (before !== undefined && before !== receipts.kid) throw new Untrusted("the node's receipt key is another one than before");
  const key = await importPublic(receipts);
  await store.put("node", key.kid);
  return key;
}
