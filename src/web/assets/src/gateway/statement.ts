// The next statement about an organisation's keys, signed by its root key: what a key holder does who confirms somebody, or revokes.

import { digest, utf8 } from "./bytes.ts";
import type { History, KeyRecord, KeyState } from "./directory-keys.ts";
import { type PrivateKey, type PublicJwk, TYP, sign } from "./gate.ts";
import { DAY, type Moment, seconds } from "./time.ts";

/** How a key of the statement before is stated from now on. */
export interface Change {
  /** Keys that are stated for the first time, with their roles. */
  stated: { jwk: PublicJwk; role: string }[];
  /** Thumbprints of keys that are revoked, or retired. */
  revoked: string[];
  retired: string[];
}

/** A minute back, so that a clock that is a little late finds the key begun. */
const BACK = 60;

/**
 * Signs the statement that follows the history. Every key that was announced stays in it; what is revoked stays revoked. A new key lives
 * `days` at most.
 */
export async function nextStatement(
  organisation: string,
  { history, records }: { history: History; records: KeyRecord[] },
  change: Change,
  [root, at, days]: [PrivateKey, Moment, number],
): Promise<string> {
  const state = ({ jwk, state }: KeyRecord): KeyState => {
    if (change.revoked.includes(jwk.kid)) return "revoked";
    return change.retired.includes(jwk.kid) && state !== "revoked" ? "retired" : state;
  };
  const known = records.map((record) => ({
    jwk: record.jwk, role: record.role, nbf: seconds(record.from), exp: seconds(record.until), status: state(record),
    ...(record.compromisedAt === undefined ? {} : { compromised_at: seconds(record.compromisedAt) }),
  }));
  const from = seconds(at) - BACK;
  const fresh = change.stated
    .filter(({ jwk }) => !records.some((record) => record.jwk.kid === jwk.kid))
    .map(({ jwk, role }) => ({ jwk, role, nbf: from, exp: from + seconds(days * DAY), status: "active" as const }));
  const last = history.statements.at(-1);
  const statement = {
    v: 1, org: organisation, seq: history.statements.length + 1, ...(last === undefined ? {} : { prev: await digest(last) }),
    keys: [...known, ...fresh], iat: seconds(at),
  };
  return sign(root, TYP.directory, utf8(JSON.stringify(statement)));
}
