// Renewing keys before they end, or after: keys of people and devices go on as the same keys, and in the place of reader keys come new ones,
// sealed to everybody who had the old. The old ones are retired: nothing new is sealed to them, and what was sealed to them still opens.

import { type KeyRecord, MEMBER, mayEncryptTo } from "./directory-keys.ts";
import { endsSoon, newestReaders } from "./ends.ts";
import type { PublicJwk } from "./gate.ts";
import { compared, newReader } from "./keys.ts";
import { type Change, MOST_STATED } from "./statement.ts";
import type { Moment } from "./time.ts";

/** Somebody of the organisation, as the hub lists them. */
export interface Somebody {
  removed: boolean;
  member?: { jwk: PublicJwk; keyrings: string[] };
  devices: { jwk: PublicJwk; given_up: boolean }[];
}

/** A key of the organisation, sealed to one member key. */
export interface Handed {
  role: string;
  kid: string;
  member: string;
  token: string;
}

/** The keys in use of somebody who is still there, as the organisation's own statements have them: the hub's word is not enough. */
export function theirs({ removed, member, devices }: Somebody, records: KeyRecord[]): KeyRecord[] {
  if (removed) return [];
  const wanted = new Map(devices.filter(({ given_up }) => !given_up).map(({ jwk }) => [jwk.kid, "sign"]));
  if (member !== undefined) wanted.set(member.jwk.kid, MEMBER);
  return records.filter(({ jwk, role, state }) => state === "active" && wanted.get(jwk.kid) === role);
}

/** The keys of people that end soon, or have ended. */
export const endingOf = (people: Somebody[], records: KeyRecord[], at: Moment): KeyRecord[] =>
  people.flatMap((person) => theirs(person, records)).filter(({ until }) => endsSoon(until, at));

/** The reader keys that end soon, or have ended. */
export const endingReaders = (records: KeyRecord[], at: Moment): KeyRecord[] =>
  newestReaders(records).filter(({ until }) => endsSoon(until, at));

/** The changes that let keys of people go on, as many as a statement holds in each. */
export function prolonging(kids: string[]): Change[] {
  const changes: Change[] = [];
  for (let from = 0; from < kids.length; from += MOST_STATED) {
    changes.push({ stated: [], revoked: [], retired: [], prolonged: kids.slice(from, from + MOST_STATED) });
  }
  return changes;
}

/**
 * New keys in the place of these reader keys, for everybody who had the old one and whose member key our own statements confirm; for the key
 * holders, who can hand it on, where nobody has the old one any more. Keep what is handed before the change is published.
 */
export async function replacing(
  organisation: string,
  readers: KeyRecord[],
  { people, records, root }: { people: Somebody[]; records: KeyRecord[]; root: string },
  at: Moment,
  revoked: string[] = [],
): Promise<{ change: Change; handed: Handed[] }> {
  const change: Change = { stated: [], revoked, retired: [] };
  const handed: Handed[] = [];
  const members = records.filter((one) => one.role === MEMBER && mayEncryptTo(one, at) && !revoked.includes(one.jwk.kid));
  for (const reader of readers) {
    const holding = (wanted: string): KeyRecord[] =>
      members.filter(({ jwk }) => people.some(({ member }) => member?.jwk.kid === jwk.kid && member.keyrings.includes(wanted)));
    const had = holding(reader.jwk.kid);
    const to = await Promise.all((had.length > 0 ? had : holding(root)).map(({ jwk }) => compared(jwk)));
    if (to.length === 0) continue;
    const made = await newReader(organisation, reader.role, to);
    change.stated.push({ jwk: made.jwk, role: reader.role });
    change.retired.push(reader.jwk.kid);
    for (const [member, token] of Object.entries(made.keyrings)) handed.push({ role: reader.role, kid: made.jwk.kid, member, token });
  }
  return { change, handed };
}
