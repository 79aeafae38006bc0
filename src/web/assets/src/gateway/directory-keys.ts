// The keys of organisations, from the statements they signed. The hub hands the statements out and cannot sign them: each is verified
// against the root key of its time, they must form one chain, and a root key that nobody here has seen before is refused until somebody
// has compared it outside of the hub.

import { type Bytes, digest } from "./bytes.ts";
import { type Json, read } from "./closed.ts";
import { Refusal } from "./fault.ts";
import { type PublicJwk, type PublicKey, TYP, checkJwk, importPublic, verify } from "./gate.ts";
import { DIGEST, ORGANISATION, WORD, among, anything, closedSet, list, whole } from "./shape.ts";
import { DAY, type Moment, moment, ofSeconds } from "./time.ts";

const MAX_STATEMENT = 131_072;
const STATEMENT_DEPTH = 6;
/** How long something may still be encrypted to a retired key. */
const GRACE = 7 * DAY;
/** The role of a person's own key, and that of a key that signs: the same keys may go on, where others are replaced. */
export const MEMBER = "member";
const SIGN = "sign";

/** The order in which a key passes through them; it never goes back. */
const STATES = ["announced", "active", "retired", "revoked"] as const;
export type KeyState = (typeof STATES)[number];

/** A key with its history. */
export interface KeyRecord {
  jwk: PublicJwk;
  organisation: string;
  /** `sign`, or the reader role that is encrypted to. */
  role: string;
  state: KeyState;
  from: Moment;
  until: Moment;
  retiredAt?: Moment;
  revokedAt?: Moment;
  /** From when on its signatures are worth nothing. */
  compromisedAt?: Moment;
}

/** The history of an organisation's keys, as the hub hands it out. */
export interface History {
  root: PublicJwk;
  /** The root keys it had before, oldest first. */
  former: { root: PublicJwk; last_seq: number; replaced_at: string }[];
  statements: string[];
}

/** What is known of others cannot be relied on. The sentence tells what to do, and holds nothing secret. */
export class Untrusted extends Error {}

interface StatedKey {
  jwk: Json;
  role: string;
  nbf: number;
  exp: number;
  status: KeyState;
  compromised_at?: number;
}

const STATEMENT = closedSet(
  {
    v: whole(1, 1), org: ORGANISATION, seq: whole(), iat: whole(),
    keys: list(
      closedSet(
        { jwk: anything, role: WORD, nbf: whole(), exp: whole(), status: among(...STATES) },
        { compromised_at: whole() },
      ),
    ),
  },
  { prev: DIGEST },
);

function stands(key: KeyRecord, at: Moment): boolean {
  const good = [key.compromisedAt, key.revokedAt].every((bad) => bad === undefined || at < bad);
  return key.state !== "announced" && good && key.from <= at && at < key.until;
}

/** Whether a signature made with it and received at this moment counts. */
export const maySign = (key: KeyRecord, at: Moment): boolean =>
  key.jwk.use === "sig" && stands(key, at) && (key.retiredAt === undefined || at < key.retiredAt);

/** Whether something may be encrypted to it at this moment. */
export const mayEncryptTo = (key: KeyRecord, at: Moment): boolean =>
  key.jwk.use === "enc" && stands(key, at) && (key.retiredAt === undefined || at < key.retiredAt + GRACE);

/** Keys that were verified, found by their thumbprint. */
export class KnownKeys {
  private readonly records = new Map<string, KeyRecord>();
  private readonly ready = new Map<string, Promise<PublicKey>>();

  add(records: Iterable<KeyRecord>): this {
    for (const record of records) this.records.set(record.jwk.kid, record);
    return this;
  }

  key(kid: string): KeyRecord | undefined {
    return this.records.get(kid);
  }

  /** Ready to verify with, or to encrypt to. A thumbprint names one key for ever, so what is ready never goes stale. */
  imported(record: KeyRecord): Promise<PublicKey> {
    const before = this.ready.get(record.jwk.kid);
    const made = before ?? importPublic(record.jwk);
    if (before === undefined) this.ready.set(record.jwk.kid, made);
    return made;
  }

  /** The newest key of each reader role of an organisation that something may be encrypted to now. */
  readers(organisation: string, at: Moment): KeyRecord[] {
    const newest = new Map<string, KeyRecord>();
    for (const key of this.records.values()) {
      const usable = key.organisation === organisation && key.state === "active" && mayEncryptTo(key, at);
      const other = newest.get(key.role);
      if (usable && (other === undefined || other.from < key.from)) newest.set(key.role, key);
    }
    return [...newest.values()].sort((one, other) => (one.role < other.role ? -1 : 1));
  }
}

/**
 * Verifies the chain of an organisation's statements and answers what was said last of every key: one that a statement does not name stays as
 * it was. Where a root key was replaced, everything it stood for ends: at the moment the hub tells, which is not signed, and never later than
 * `at`, or than the first statement of the root key that came after it.
 */
export async function verifyHistory(organisation: string, history: History, at: Moment): Promise<KeyRecord[]> {
  const records = new Map<string, KeyRecord>();
  const end = (replaced: string, latest: Moment): void => {
    const ended = Math.min(moment(replaced) ?? latest, latest);
    for (const key of records.values()) {
      if (key.revokedAt !== undefined) continue;
      key.state = "revoked";
      key.revokedAt = ended;
    }
  };
  const former = [...history.former];
  let seq = 0;
  let prev: string | undefined;
  for (const token of history.statements) {
    const replaced: string[] = [];
    for (let next = former[0]; next !== undefined && next.last_seq <= seq; next = former[0]) {
      replaced.push(next.replaced_at);
      former.shift();
    }
    const statement = await signedBy(former[0]?.root ?? history.root, token);
    seq++;
    if (statement.org !== organisation || statement.seq !== seq || statement.prev !== prev) {
      throw new Untrusted("the statements about keys do not form one chain: the hub may be showing a fork");
    }
    prev = await digest(token);
    for (const moment of replaced) end(moment, Math.min(at, ofSeconds(statement.iat)));
    for (const key of statement.keys) {
      const jwk = await checkJwk(key.jwk);
      records.set(jwk.kid, follow(records.get(jwk.kid), { ...key, jwk }, organisation, ofSeconds(statement.iat)));
    }
  }
  for (const { replaced_at } of former) end(replaced_at, at);
  return [...records.values()];
}

async function signedBy(
  root: PublicJwk,
  token: string,
): Promise<{ org: string; seq: number; prev?: string; iat: number; keys: StatedKey[] }> {
  const key = await importPublic(root);
  let payload: Bytes;
  try {
    ({ payload } = await verify(token, TYP.directory, MAX_STATEMENT, (kid) => (kid === key.kid ? key : undefined)));
  } catch (refused) {
    if (!(refused instanceof Refusal)) throw refused;
    throw new Untrusted("a statement about keys is not signed by the root key of its time");
  }
  const statement = read(payload, STATEMENT_DEPTH);
  if (!STATEMENT(statement)) throw new Untrusted("a statement about keys is malformed");
  return statement as never;
}

/**
 * The record that follows from what is stated at a moment and from what was known before. A key may end earlier than was once said; later only
 * what a person or a device has, while it is neither retired nor revoked.
 */
function follow(
  old: KeyRecord | undefined,
  key: Omit<StatedKey, "jwk"> & { jwk: PublicJwk },
  organisation: string,
  at: Moment,
): KeyRecord {
  const [from, until] = [ofSeconds(key.nbf), ofSeconds(key.exp)];
  const compromised = key.compromised_at === undefined ? old?.compromisedAt : ofSeconds(key.compromised_at);
  const goesOn = (key.role === SIGN || key.role === MEMBER) && STATES.indexOf(key.status) <= STATES.indexOf("active");
  const goesBack =
    old !== undefined &&
    (STATES.indexOf(key.status) < STATES.indexOf(old.state) || key.role !== old.role || key.jwk.use !== old.jwk.use ||
      from !== old.from || (until > old.until && !goesOn) ||
      (old.compromisedAt !== undefined && compromised !== undefined && compromised > old.compromisedAt));
  if (goesBack || (key.jwk.use === "sig") !== (key.role === SIGN)) {
    throw new Untrusted("a statement about keys takes back what was stated before");
  }
  const first = (state: KeyState, known: Moment | undefined): Moment | undefined =>
    key.status === state ? Math.min(known ?? at, at) : known;
  const record: KeyRecord = { jwk: key.jwk, organisation, role: key.role, state: key.status, from, until };
  const retiredAt = first("retired", old?.retiredAt);
  const revokedAt = first("revoked", old?.revokedAt);
  if (retiredAt !== undefined) record.retiredAt = retiredAt;
  if (revokedAt !== undefined) record.revokedAt = revokedAt;
  if (compromised !== undefined) record.compromisedAt = compromised;
  return record;
}

/**
 * The root keys to trust from now on. The first answer about somebody unknown is believed, but never about our own organisation, whose
 * root key (`own`) is told outside of the hub; after that, a key that is not remembered is refused until it was compared.
 */
export function trust(known: string[] | undefined, own: string | undefined, named: string[]): string[] {
  const believed = known === undefined && own === undefined ? named : (known ?? []);
  const trusted = new Set(own === undefined ? believed : [...believed, own]);
  const other = named.find((kid) => !trusted.has(kid));
  if (other !== undefined) {
    throw new Untrusted(`the key ${other} is not one this device knows; ask them over another channel before you trust it`);
  }
  return [...trusted].sort();
}

/** Every root key that a history names. */
export const rootsOf = ({ root, former }: History): string[] => [root.kid, ...former.map((one) => one.root.kid)];

/** Refuses a history that lacks what was handed out before: the hub could take back that a key was revoked. */
export function mustGoOn(before: History | undefined, history: History): void {
  if (before?.statements.every((token, place) => history.statements[place] === token) === false) {
    throw new Untrusted("what the hub hands out lacks statements about keys that it handed out before");
  }
}
