// Consents as papers: the record in full with the certificates that were made of it.

import { type Terms, ends } from "../gateway/agreement.ts";
import { digest } from "../gateway/bytes.ts";
import { read } from "../gateway/closed.ts";
import {
  type AgreementVersion, type Certificate, type Claims, type ConsentRecord, type Ends, type Status, allowsDisclosure, certify, isChild, recordBytes,
  until,
} from "../gateway/consent.ts";
import { type KnownKeys, maySign } from "../gateway/directory-keys.ts";
import { Refusal } from "../gateway/fault.ts";
import { TYP, verify } from "../gateway/gate.ts";
import type { Policy } from "../gateway/policy.ts";
import type { DeniedPart, Presented } from "../gateway/release.ts";
import { type Moment, now, ofSeconds } from "../gateway/time.ts";
import type { Agreements } from "./agreements.ts";
import { Problem, get, send } from "./hub.ts";
import { type Keeper, type Paper, keep } from "./papers.ts";

/** What a consent paper holds. */
export interface ConsentBody {
  /** What the worker calls the person. */
  nickname: string;
  record: ConsentRecord;
  /** By the recipient it is for. */
  certificates: Record<string, { token: string; id: string; digest: string }>;
  /** Services of the directory it was taken for. */
  services: string[];
  /** Whether the person took the code along. */
  code_given: boolean;
  /** The referrals that were sent under it, as this organisation remembers whose they are. */
  referrals?: string[];
  /** What the person took back of it and told us. What they told the hub alone, only the hub knows. */
  taken_back?: TakenBack[];
}

/** How much is taken back: all that is not narrowed. */
export interface Extent {
  categories?: string[];
  fields?: string[];
}

/** Something that was taken back. */
export interface TakenBack {
  version: number;
  at: string;
  extent: Extent;
  /** The hub's number for it; none where the hub was never told of the consent. */
  withdrawal?: string;
}

export type ConsentPaper = Paper<ConsentBody>;

/** When each agreement that a record names ends: those that are signed, and no others. */
export async function endsOf(record: ConsentRecord, agreements: Agreements): Promise<Ends> {
  const known = new Map<string, number>();
  for (const { line } of record.lines) {
    if (line.agreement === undefined) continue;
    const { terms, signed } = await agreements.version(line.agreement);
    if (signed) known.set(name(line.agreement), ends(terms));
  }
  return (version) => known.get(name(version));
}

const name = ({ id, version }: AgreementVersion): string => `${id} ${version}`;

/** Signs the certificate of a record for one recipient. */
export const certified = async (
  record: ConsentRecord,
  recipient: string,
  [policy, agreements]: [Policy, Agreements],
  keeper: Keeper,
): Promise<Certificate> =>
  certify(record, recipient, [policy, await endsOf(record, agreements)], await keeper.signer(), now());

/** Hands a certificate in: from then on packets may cite it, and the person's code takes it back. The same one again changes nothing. */
export const register = (token: string): Promise<unknown> => send("POST", "/api/v1/certificates", { certificate: token });

/** Whether a consent has a yes for this recipient, purpose and service that still holds, as far as the record says. */
export const mayServe = (body: ConsentBody, recipient: string, { purpose, service }: Policy, at: Moment): boolean =>
  allowsDisclosure(body.record.status) && !isChild(body.record) && !isTakenBack(body) &&
  body.record.lines.some(
    ({ line }) =>
      line.effect === "permit" && line.recipient === recipient && line.purpose === purpose.code && at < until(line) &&
      (line.service === undefined || line.service === service.code),
  );

/** Whether all of it was taken back here. */
export const isTakenBack = ({ record, taken_back }: ConsentBody): boolean =>
  (taken_back ?? []).some(({ version, extent }) => version >= record.version && extent.categories === undefined && extent.fields === undefined);

/** The papers of records that no other of these takes the place of. */
export const newest = (papers: ConsentPaper[]): ConsentPaper[] =>
  papers.filter(({ body: { record } }) => !papers.some(({ body }) => body.record.id === record.id && body.record.version > record.version));

/** A certificate as the hub has it: only the hub hears what a person takes back with their code. */
export interface Seen {
  status: Status;
  since: string;
  denied: DeniedPart[];
}

/** How a consent stands by what the hub says of its certificates. Without any it is not known. */
export function standsNow(seen: Seen[]): "holds" | "in_part" | "taken_back" | "ended" | "not_known" {
  if (seen.length === 0 || seen.some(({ status }) => status === "unknown")) return "not_known";
  const over = seen.filter(({ status }) => !allowsDisclosure(status));
  if (over.length < seen.length) return over.length > 0 || seen.some(({ denied }) => denied.length > 0) ? "in_part" : "holds";
  return over.every(({ status }) => status === "expired" || status === "superseded") ? "ended" : "taken_back";
}

/** Characters of a certificate, and how deep it nests. */
const MAX_CERTIFICATE = 34_000;
const DEPTH = 8;

/** The certificate of a paper for one recipient, when it is ours, of this version of the record, and has not ended. */
async function certificateOf(body: ConsentBody, recipient: string, keys: KnownKeys, at: Moment): Promise<Claims | undefined> {
  const kept = body.certificates[recipient];
  if (kept === undefined || (await digest(kept.token)) !== kept.digest) return undefined;
  const { record } = body;
  try {
    const { payload } = await verify(kept.token, TYP.scope, MAX_CERTIFICATE, (kid) => {
      const key = keys.key(kid);
      return key?.organisation === record.collected.org && maySign(key, at) ? keys.imported(key) : undefined;
    });
    const claims = read(payload, DEPTH) as unknown as Claims;
    const isOfIt = claims.record === (await digest(recordBytes(record))) && claims.ver === record.version && claims.aud === recipient;
    return isOfIt && claims.id === kept.id && at < ofSeconds(claims.exp) ? claims : undefined;
  } catch (refused) {
    // One whose key is not used any more is replaced by another.
    if (refused instanceof Refusal) return undefined;
    throw refused;
  }
}

/** A consent made ready to send under: its certificate is signed, registered and kept with it, and what was taken back since is known. */
export interface ReadyConsent {
  paper: ConsentPaper;
  record: string;
  certificate: Presented;
}

/** Makes a consent ready, or throws what stands against it. The code of the person counts: what the hub says was taken back is. */
export async function ready(
  paper: ConsentPaper,
  recipient: string,
  [policy, agreements, keys]: [Policy, Agreements, KnownKeys],
  keeper: Keeper,
): Promise<ReadyConsent> {
  let [of, at] = [paper, now()];
  let claims = await certificateOf(of.body, recipient, keys, at);
  if (claims === undefined) {
    const { claims: made, ...certificate } = await certified(of.body.record, recipient, [policy, agreements], keeper);
    const certificates = { ...of.body.certificates, [recipient]: { token: certificate.token, id: certificate.id, digest: certificate.digest } };
    of = await keep(keeper, "consent", { ...of.body, certificates }, of);
    claims = made;
  }
  const kept = of.body.certificates[recipient] as ConsentBody["certificates"][string];
  const seen = await registered(kept);
  const at_consent: Terms[] = [];
  for (const { line } of of.body.record.lines) {
    if (line.agreement === undefined) continue;
    const { terms, signed } = await agreements.version(line.agreement);
    if (signed) at_consent.push(terms);
  }
  return {
    paper: of, record: await digest(recordBytes(of.body.record)),
    certificate: { claims, digest: kept.digest, genuine: true, status: seen.status, denied: seen.denied, at_consent },
  };
}

/** How the hub has a certificate; it is handed in when the hub has none of that id. */
async function registered({ id, token }: { id: string; token: string }): Promise<Seen> {
  const path = `/api/v1/certificates/${id}`;
  try {
    return await get(path);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
  }
  await register(token);
  return get(path);
}
