// A few words between the two sides of a referral: a question, an answer, why somebody says no. An event holds no text, so they travel as a
// packet of their own in the same referral, sealed for the other side and held against everything that any packet is held against.

import type { Json } from "../gateway/closed.ts";
import type { KnownKeys } from "../gateway/directory-keys.ts";
import type { PrivateKey } from "../gateway/gate.ts";
import type { Envelope } from "../gateway/packet.ts";
import type { Policy } from "../gateway/policy.ts";
import { type Covering, type Facts, type Member, type Released, type SeenCertificate, releaseSeen } from "../gateway/release.ts";
import { type Reader, seal } from "../gateway/seal.ts";
import { DAY, type Moment } from "../gateway/time.ts";
import { type Ground, judged } from "./composing.ts";
import type { Packed } from "./handing.ts";

/** How long a packet may wait for its recipient. */
const WAITS = 7 * DAY;

/** What does not change while words are written. */
export interface Between {
  policy: Policy;
  own: Member;
  other: Member;
  covering: Covering;
  /** The packet that brought the referral. */
  first: Envelope;
  /** The field that they travel in. */
  field: string;
  /** What rests on the person's record, where it is ours; otherwise what is seen of their certificate. */
  consent: { ground: Ground } | { seen: SeenCertificate };
}

/** The most characters that there may be; nothing where the policy has no place for words. */
export function mostWords({ policy, field }: Between): number | undefined {
  const shape = policy.fields[field]?.shape;
  return shape?.kind === "text" ? shape.max : undefined;
}

/** What may go of it, or throws every code that stands against it. */
export function releasedWords(between: Between, words: string, at: Moment): Released {
  const { policy, own, other, covering, first, field, consent } = between;
  if ("ground" in consent) {
    const written = {
      urgency: first.urgency, values: new Map<string, Json>([[field, words]]), because: new Map<string, string>(), reviewed: true, approvals: 1,
      overrides: [],
    };
    return judged({ ...consent.ground, continues: true }, written, at);
  }
  const { terms } = covering;
  const facts: Facts = {
    at, sender: own, recipient: other, offer: { listed: true, full: false }, agreement: covering, open_referral: false, withdrawal_running: false,
    wanted: {
      sender: own.id, recipient: other.id, urgency: first.urgency, retention: first.retention, onward: first.onward, fields: [{ id: field }],
      rare_language: false, subject: first.sub, begins: false,
      attested: { approvals: 1, ...(first.att?.round === undefined ? {} : { round: first.att.round }) },
      ...(terms === undefined ? {} : { agreement: { id: terms.document.id, version: terms.document.version, digest: terms.digest } }),
      ...(first.scope === undefined ? {} : { certificate: { id: first.scope.id, digest: first.scope.h } }),
    },
  };
  return releaseSeen(consent.seen, { subjects: 1, narratives: [], files: [] }, facts, policy);
}

/** Every role of the other side, and one key of our own that whoever writes holds, to read it again. */
async function readersOf({ own, other }: Between, ring: KnownKeys, [at, held]: [Moment, string[]]): Promise<Reader[]> {
  const ours = ring.readers(own.id, at);
  const self = ours.find(({ role }) => held.includes(role)) ?? ours[0];
  const all = [...ring.readers(other.id, at), ...(self === undefined ? [] : [self])];
  return Promise.all(all.map(async (record) => ({ organisation: record.organisation, role: record.role, key: await ring.imported(record) })));
}

/** Who writes: the key of the device, and the reader roles whose keys are at hand. */
export interface Writer {
  signer: PrivateKey;
  roles: string[];
}

/** Seals words for the other side. */
export async function sealedWords(between: Between, words: string, ring: KnownKeys, { signer, roles }: Writer, at: Moment): Promise<Packed> {
  const { policy, first, field, consent } = between;
  const released = releasedWords(between, words, at);
  const kind = "ground" in consent ? ("update" as const) : ("reply" as const);
  const { id, body, envelope } = await seal(released, {
    kind, re: first.jti, made: at, expires: at + WAITS, referral: first.ref, minset: policy.service.minset ?? "", values: { [field]: words },
    files: [], readers: await readersOf(between, ring, [at, roles]),
  }, signer, policy);
  return { packet: id, body, envelope };
}
