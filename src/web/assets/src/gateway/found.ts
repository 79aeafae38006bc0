// How an organisation that has nothing but browsers comes to keys: an administrator makes its root key on their device.
//
// The root key is made, sealed to their own member key, and waits on the device until the hub names it: the coordinator puts it in, after its
// thumbprint was read to them over another channel. Only then are the reader keys made and the first statement is signed. Everything is
// kept on the device, sealed, before it is published: what is published cannot be taken back, and a key that was stated and then lost
// would close every letter that is sealed to it.

import type { History, KeyRecord } from "./directory-keys.ts";
import { type PrivateKey, type PublicJwk, checkJwk, importPublic } from "./gate.ts";
import { MEMBER, ROOT, newReader, newRoot, openReader, openRoot } from "./keys.ts";
import type { PendingRoot } from "./pending.ts";
import { nextStatement } from "./statement.ts";
import type { Moment } from "./time.ts";

/** What the hub says of an organisation, verified. */
export interface Chain {
  history: History;
  records: KeyRecord[];
}

/** Why it does not go on. */
export class FoundFault extends Error {
  readonly reason: "other_root" | "other_member" | "known_member" | "revoked" | "not_named";

  constructor(reason: FoundFault["reason"]) {
    super(`the organisation's keys are not made: ${reason}`);
    this.name = "FoundFault";
    this.reason = reason;
  }
}

/** Whose key everything is sealed to. What the hub shows as one's own key is sealed to only when it is the one that is open here. */
async function own(jwk: PublicJwk, member: PrivateKey): Promise<PublicJwk> {
  const checked = await checkJwk(jwk);
  if (checked.kid !== member.kid || checked.use !== "enc") throw new FoundFault("other_member");
  return checked;
}

/**
 * Makes the root key. A member key that was stated already is revoked together with the root it was stated under, and could never be stated
 * again: whoever has such a key makes a new one first.
 */
export async function pendingRoot(org: string, chain: Chain, jwk: PublicJwk, member: PrivateKey): Promise<PendingRoot> {
  const { kid } = await own(jwk, member);
  if (chain.records.some((record) => record.jwk.kid === kid)) throw new FoundFault("known_member");
  const made = await newRoot(org, await importPublic(jwk));
  return { org, ...made, member: kid, before: chain.history.root.kid, readers: [] };
}

/** How far it is: the coordinator has not put the root key in; the hub names it; and it stands for everything that was made here. */
export type Progress = "waits" | "named" | "published";

/** How far it is. Refuses when the hub names a root key that is neither the one of before nor ours, or when it is sealed to a key of before. */
export function progress(pending: PendingRoot, { history, records }: Chain, org: string, member: string): Progress {
  const { kid } = history.root;
  if (pending.org !== org || pending.member !== member) throw new FoundFault("other_member");
  if (kid !== pending.jwk.kid) {
    if (kid !== pending.before) throw new FoundFault("other_root");
    return "waits";
  }
  const stated = [member, ...pending.readers.map(({ jwk }) => jwk.kid)];
  const stands = (wanted: string): boolean => records.some(({ jwk, state }) => jwk.kid === wanted && state === "active");
  return pending.readers.length > 0 && stated.every(stands) ? "published" : "named";
}

/** The same with a reader key for each role that has none yet. Keep it before anything is published. */
export async function withReaders(pending: PendingRoot, roles: string[], jwk: PublicJwk, member: PrivateKey): Promise<PendingRoot> {
  const { kid } = await own(jwk, member);
  const to = await importPublic(jwk);
  const readers = [...pending.readers];
  for (const role of roles) {
    if (readers.some((one) => one.role === role)) continue;
    const made = await newReader(pending.org, role, [to]);
    readers.push({ role, jwk: made.jwk, token: made.keyrings[kid] ?? "" });
  }
  return { ...pending, readers };
}

/** Whether a key was revoked or retired before, so that it can never be stated as in use. */
export const isPast = ({ records }: Chain, kid: string): boolean =>
  records.some(({ jwk, state }) => jwk.kid === kid && (state === "revoked" || state === "retired"));

/**
 * The first statement under the root key: the member key of whoever made it, their device, and the reader keys. What the history has ended
 * with the root key of before. Nothing is stated that does not open here.
 */
export async function firstStatement(
  pending: PendingRoot,
  chain: Chain,
  { jwk, device, member }: { jwk: PublicJwk; device: PublicJwk; member: PrivateKey },
  [at, days]: [Moment, number],
): Promise<string> {
  const { org, readers } = pending;
  await own(jwk, member);
  if (progress(pending, chain, org, member.kid) === "waits" || readers.length === 0) throw new FoundFault("not_named");
  if (isPast(chain, jwk.kid) || isPast(chain, device.kid)) throw new FoundFault("revoked");
  for (const reader of readers) await openReader(reader.token, member, { org, role: reader.role, kid: reader.jwk.kid });
  const root = await openRoot(pending.token, member, { org, kid: pending.jwk.kid });
  const stated = [{ jwk, role: MEMBER }, { jwk: device, role: "sign" }, ...readers.map((one) => ({ jwk: one.jwk, role: one.role }))];
  return nextStatement(org, chain, { stated, revoked: [], retired: [] }, [root, at, days]);
}

/** What is handed to oneself, the root key first: with it everything else could be stated anew. */
export function handedTo({ member, jwk, token, readers }: PendingRoot): { role: string; kid: string; member: string; token: string }[] {
  return [{ role: ROOT, jwk, token }, ...readers].map((one) => ({ role: one.role, kid: one.jwk.kid, member, token: one.token }));
}

/** Whether the hub hands all of it out again. Until it does, nothing is removed from the device. */
export const isHanded = (pending: PendingRoot, keyrings: { role: string; kid: string; token: string }[]): boolean =>
  handedTo(pending).every(({ role, kid, token }) => keyrings.some((one) => one.role === role && one.kid === kid && one.token === token));
