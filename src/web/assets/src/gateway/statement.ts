// The next statement about an organisation's keys, signed by its root key: what a key holder does who confirms somebody, renews, or revokes.

import { digest, utf8 } from "./bytes.ts";
import type { History, KeyRecord, KeyState } from "./directory-keys.ts";
import { type PrivateKey, type PublicJwk, TYP, sign } from "./gate.ts";
import { DAY, type Moment, seconds } from "./time.ts";

/** How many keys one statement may name. What does not fit is said in the next one. */
export const MOST_STATED = 200;

/** How a key of the statement before is stated from now on. */
export interface Change {
  /** Keys that are stated for the first time, with their roles. */
  stated: { jwk: PublicJwk; role: string }[];
  /** Thumbprints of keys that are revoked, or retired. */
  revoked: string[];
  retired: string[];
  /** Of people's and devices' keys that go on for as long as a new one would. */
  prolonged?: string[];
}

/** A minute back, so that a clock that is a little late finds the key begun. */
const BACK = 60;

/**
 * Signs the statement that follows the history. It names the keys that something changes of; all others stay as they were stated last, and
 * what is revoked stays revoked. A new key lives `days` at most.
 */
export async function nextStatement(
  organisation: string,
  { history, records }: { history: History; records: KeyRecord[] },
  change: Change,
  [root, at, days]: [PrivateKey, Moment, number],
): Promise<string> {
  const from = seconds(at) - BACK;
  const until = from + seconds(days * DAY);
  const state = ({ jwk, state }: KeyRecord): KeyState => {
    if (change.revoked.includes(jwk.kid)) return "revoked";
    return change.retired.includes(jwk.kid) && state !== "revoked" ? "retired" : state;
  };
  const end = (record: KeyRecord): number => {
    const goesOn = change.prolonged?.includes(record.jwk.kid) === true && (state(record) === "active" || state(record) === "announced");
    return Math.max(seconds(record.until), goesOn ? until : 0);
  };
  const changed = records
    .filter((record) => state(record) !== record.state || end(record) !== seconds(record.until))
    .map((record) => ({
      jwk: record.jwk, role: record.role, nbf: seconds(record.from), exp: end(record), status: state(record),
      ...(record.compromisedAt === undefined ? {} : { compromised_at: seconds(record.compromisedAt) }),
    }));
  const fresh = change.stated
    .filter(({ jwk }) => !records.some((record) => record.jwk.kid === jwk.kid))
    .map(({ jwk, role }) => ({ jwk, role, nbf: from, exp: until, status: "active" as const }));
  const last = history.statements.at(-1);
  const statement = {
    v: 1, org: organisation, seq: history.statements.length + 1, ...(last === undefined ? {} : { prev: await digest(last) }),
    keys: [...changed, ...fresh], iat: seconds(at),
  };
  if (statement.keys.length > MOST_STATED) throw new RangeError("a statement names too many keys");
  return sign(root, TYP.directory, utf8(JSON.stringify(statement)));
}
