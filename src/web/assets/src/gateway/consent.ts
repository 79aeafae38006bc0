// The consent: the record of what a person said, which never leaves the organisation, and the certificate made of it for one recipient,
// which is all that the hub and that recipient may know.
//
// Nothing is filled in for the person: what was not answered is a no, and an answer that was given in a bundle or ticked beforehand is a
// defect. No yes, no certificate; a no beats any yes; a recipient is named; a most sensitive field is granted by its own id, never with its
// category.

import { type Bytes, digest, newId, random, utf8 } from "./bytes.ts";
import { Denials } from "./denials.ts";
import type { Level } from "./dictionary.ts";
import { type PrivateKey, TYP, sign } from "./gate.ts";
import { type Policy, categoryLevel, levelOf } from "./policy.ts";
import { DAY, type Moment, SECOND, moment, monthsAfter, ofSeconds, seconds, written } from "./time.ts";

export interface AgreementVersion {
  id: string;
  version: number;
}

/** One answer of the person. Moments are written as RFC 3339. */
export interface GrantLine {
  effect: "permit" | "deny";
  /** An organisation; `*` only in a no. */
  recipient: string;
  unit?: string;
  /** A purpose; `*` only in a no. */
  purpose: string;
  service?: string;
  scope: { categories?: string[]; fields?: string[] };
  exclude?: string[];
  operations?: ("disclose" | "follow_up_contact" | "feedback_return")[];
  onward?: string[];
  from: string;
  until: string;
  /** The agreement in force when the person agreed; required in a yes. */
  agreement?: AgreementVersion;
  round?: number;
}

export type Status =
  | "requested" | "deferred" | "given" | "renewed" | "refused" | "withdrawn" | "revoked" | "expired" | "invalidated"
  | "superseded" | "unknown";
type Choice = "permit" | "deny" | "not_asked";
type Companion = "none" | "present" | "present_and_confirmed_in_private";
type Method = "written_signature" | "mark" | "thumbprint_on_paper" | "verbal";
type SubjectClass = "adult" | "child" | "adult_with_representative";
type Relation =
  | "none" | "staff" | "companion" | "family_member" | "employer" | "recruiter" | "suspected_perpetrator" | "other_beneficiary";

/** Who decided for a child, and by what right. */
export interface Guardian {
  mode: "present_consents" | "remote_consents" | "unreachable_waiver" | "denied";
  reference?: string;
  relation?: "parent" | "relative" | "customary_caregiver" | "appointed" | "authority";
  mandate?: { evidence: "legal_order" | "customary_statement" | "authority_designation"; verified: boolean; until: string };
  /** They may have harmed the child, or have an interest against it: then they decide nothing for it. */
  conflict: boolean;
  waiver?: { issuer: string; number: string; until: string };
}

/** What a child said, or why it was not asked. */
export interface Assent {
  said: "assented" | "dissented" | "not_sought" | "not_capable";
  reason?: "too_young" | "not_there" | "unsafe_to_ask" | "unwell";
}

/** What must be told before a consent is valid. */
export const INFORMATION = [
  "who_collects", "purpose_per_line", "recipients_by_name", "data_by_category", "benefits_and_risks", "alternatives",
  "right_to_refuse", "no_conditioning", "right_to_withdraw", "retention", "data_rights", "harm_limit", "legal_limit",
  "no_guarantee", "misconduct_contacts", "statistics_separate", "questions", "language_understood",
] as const;

/** The whole evidence that a person agreed or refused: `schemas/consent/record.v1.schema.json`. */
export interface ConsentRecord {
  v: 1;
  id: string;
  version: number;
  supersedes?: string;
  collected: { org: string; by: string; place: string; at: string };
  subject: string;
  subject_class: SubjectClass;
  age_basis: "exact" | "estimated" | "disputed" | "unknown";
  notice: {
    id: string; version: string; language: string;
    medium: "read" | "read_aloud" | "sign_language" | "pictorial" | "audio";
  };
  information_given: string[];
  understanding: { teach_back: boolean; by: string };
  expression: { method: Method; evidence: { reference: string; digest: string } };
  staff_attestation?: { by: string; at: string };
  second_attestation?: { as: "witness" | "interpreter"; reference: string; at: string };
  interpreter?: {
    language: string; reference: string; vetted: boolean; competence_declared: boolean; accuracy_declared: boolean;
    relation: Relation; chosen_in_private?: boolean;
  };
  companion?: Companion;
  representatives?: { reference: string; mandate_verified: boolean; mandate_until: string; person_objects: boolean }[];
  guardian?: Guardian;
  assent?: Assent;
  capacity?: { finding: "capable" | "capable_with_support" | "not_capable"; by: string };
  lines: { line: GrantLine; given: "separately" | "bundled" | "preselected" | "conditioned"; condition?: string }[];
  statistics: Choice;
  research: Choice;
  follow_up?: { round: number; choice: Choice }[];
  contact_conditions?: { channel: string; when?: string; who_may_answer?: string; code_word?: string }[];
  third_parties?: "no_basis" | "based";
  protection_advice_at?: string;
  legal_bases: { org: string; basis: string }[];
  jurisdiction: string;
  storage_location: string;
  retention_ceiling: string;
  withdrawal: { method: string; code: string };
  status: Status;
  status_since: string;
  emergency_notice_given: boolean;
  legal_duty_notice_given: boolean;
  source?: { kind: "asked" } | { kind: "paper_form"; form: string; unresolved?: string[] };
}

/** What a certificate says: `schemas/consent/certificate.v1.schema.json`. */
export interface Claims {
  v: 1;
  id: string;
  ver: number;
  record: string;
  iss: string;
  aud: string;
  sub: string;
  class: SubjectClass;
  flags: Flags;
  lines: GrantLine[];
  statistics: Choice;
  status: Status;
  notice: string;
  withdrawal: string;
  iat: number;
  exp: number;
}

export interface Flags {
  info_complete: boolean;
  method: Method;
  attested: boolean;
  second_attested: boolean;
  interpreter_ok: boolean;
  representative_ok: boolean;
  companion_present: Companion;
  separate: boolean;
  unresolved?: true;
  third_parties: "no_basis" | "based";
  protection_advice?: true;
}

const MAX_RECORD_BYTES = 131_072;
const MOST_LINES = 64;
const MOST_IN_SCOPE = 256;
/** The fewest letters and digits of a withdrawal code: whoever has it needs nothing else. */
const LEAST_CODE = 16;

/** Whether data may be disclosed under it. */
export const allowsDisclosure = (status: Status): boolean => status === "given" || status === "renewed";

/** A record is not such that others would read it. Names the place, never a value. */
export class UnsoundRecord extends Error {}

/** The bytes to seal and to digest. What others would not read is refused here. */
export function recordBytes(record: ConsentRecord): Bytes {
  const bytes = utf8(JSON.stringify(record));
  if (bytes.length > MAX_RECORD_BYTES) throw new UnsoundRecord("it is too long");
  if (record.lines.length > MOST_LINES || !record.lines.every(({ line }) => isSound(line))) {
    throw new UnsoundRecord("/lines");
  }
  if (!isWithdrawalCode(record.withdrawal.code)) throw new UnsoundRecord("/withdrawal/code");
  return bytes;
}

/**
 * Whether a line is well formed: everybody and everything only in a no, an interval that is not empty, an agreement and an operation in
 * a yes, something in its scope.
 */
export function isSound(line: GrantLine): boolean {
  const scope = (line.scope.categories?.length ?? 0) + (line.scope.fields?.length ?? 0);
  const [from, until] = [moment(line.from), moment(line.until)];
  const bounded =
    scope >= 1 && scope <= MOST_IN_SCOPE && (line.exclude?.length ?? 0) <= MOST_IN_SCOPE && (line.onward?.length ?? 0) <= MOST_LINES;
  const yes =
    line.recipient !== "*" && line.purpose !== "*" && line.agreement !== undefined && (line.operations?.length ?? 0) > 0;
  return from !== undefined && until !== undefined && from < until && bounded && (line.effect === "deny" || yes);
}

export const from = (line: GrantLine): Moment => moment(line.from) ?? Infinity;
export const until = (line: GrantLine): Moment => moment(line.until) ?? -Infinity;
/** From its beginning, until just before its end. */
export const holdsAt = (line: GrantLine, at: Moment): boolean => from(line) <= at && at < until(line);
export const names = (named: string, one: string): boolean => named === "*" || named === one;
export const isChild = ({ subject_class }: ConsentRecord): boolean => subject_class === "child";

const isInformed = ({ understanding, information_given }: ConsentRecord): boolean =>
  understanding.teach_back && INFORMATION.every((item) => information_given.includes(item));

const isUnbundled = ({ lines }: ConsentRecord): boolean => lines.every(({ given }) => given === "separately");

/** A relative interprets only when the person chose them in private and nothing sensitive is granted. */
function interpreterInOrder({ interpreter }: ConsentRecord, highest: Level): boolean {
  if (interpreter === undefined) return true;
  const { vetted, competence_declared, accuracy_declared, relation, chosen_in_private } = interpreter;
  const relative = relation === "family_member" && chosen_in_private === true && highest < "S3";
  return vetted && competence_declared && accuracy_declared && (relation === "none" || relation === "staff" || relative);
}

function isEvidenced(record: ConsentRecord, highest: Level): boolean {
  const second = record.second_attestation !== undefined;
  const needsSecond = record.expression.method === "verbal" || highest === "S4";
  const inPrivate = record.companion !== "present";
  return record.staff_attestation !== undefined && (second || !needsSecond) && (inPrivate || highest < "S4");
}

function decidedByWhoMay({ subject_class, capacity, representatives }: ConsentRecord, at: Moment): boolean {
  switch (subject_class) {
    case "adult":
      return capacity?.finding !== "not_capable";
    case "adult_with_representative":
      return (representatives ?? []).some(
        (one) => one.mandate_verified && at < (moment(one.mandate_until) ?? -Infinity) && !one.person_objects,
      );
    case "child":
      return false;
  }
}

/** The highest level any yes reaches, by categories or by single fields. */
function highestLevel({ lines }: ConsentRecord, policy: Policy): Level {
  let highest: Level = "S0";
  for (const { line } of lines) {
    if (line.effect !== "permit") continue;
    for (const field of line.scope.fields ?? []) {
      const level = levelOf(policy, field);
      if (level > highest) highest = level;
    }
    for (const category of line.scope.categories ?? []) {
      // A category never reaches most sensitive fields, so it counts as S3 at most.
      const level = categoryLevel(policy, category);
      if (level > highest) highest = level > "S3" ? "S3" : level;
    }
  }
  return highest;
}

/** Every defect that keeps a record from being relied on. */
export function defects(record: ConsentRecord, policy: Policy, at: Moment): Denials {
  const highest = highestLevel(record, policy);
  const found = new Denials();
  found.unless(isInformed(record), "D311");
  found.unless(isEvidenced(record, highest), "D312");
  found.unless(interpreterInOrder(record, highest), "D313");
  found.unless(isChild(record) || decidedByWhoMay(record, at), "D314");
  found.unless(isUnbundled(record), "D316");
  const listed = record.lines.every(({ line }) => line.purpose === "*" || policy.grantable.includes(line.purpose));
  found.unless(listed, "D216");
  found.unless(isChild(record) || record.age_basis !== "disputed", "D409");
  if (isChild(record)) ofAChild(record, at, found);
  if (!allowsDisclosure(record.status)) found.raise("D304", { subcode: record.status });
  return found;
}

/** What of a child's record does not hold by itself. More is asked than a record can show, so that nothing is sent on one at all. */
function ofAChild({ guardian, assent }: ConsentRecord, at: Moment, found: Denials): void {
  found.raise("D401", { subcode: "children_not_supported" });
  if (guardian !== undefined) {
    const { mode, mandate, waiver, conflict } = guardian;
    const isMandated = mandate !== undefined && mandate.verified && at < (moment(mandate.until) ?? -Infinity);
    if (mode === "present_consents" || mode === "remote_consents") found.unless(isMandated, "D402");
    if (mode === "unreachable_waiver") found.unless(waiver !== undefined && at < (moment(waiver.until) ?? -Infinity), "D410");
    found.unless(!conflict, "D403");
  }
  found.unless(assent !== undefined && settles(assent), "D404");
}

/** Whether nothing of the child's own stands against it: a no does, and so does that nobody says why it was not asked. */
export const settles = ({ said, reason }: Assent): boolean => said === "assented" || (said !== "dissented" && reason !== undefined);

/** Whether every recipient a paper form names is an organisation of the directory. Those that are not authorise nothing. */
const isResolved = ({ source }: ConsentRecord): boolean =>
  source?.kind !== "paper_form" || (source.unresolved ?? []).length === 0;

/** Digest of a withdrawal code, as the person may write it: case, blanks and dashes do not matter. */
export const codeDigest = (code: string): Promise<string> =>
  digest(`throughline withdrawal code ${code.replace(/[^0-9A-Za-z]/g, "").toUpperCase()}`);

/** Enough letters A to Z and digits, and nothing else but blanks and hyphens. */
export const isWithdrawalCode = (text: string): boolean =>
  /^[0-9A-Za-z -]*$/.test(text) && text.replace(/[ -]/g, "").length >= LEAST_CODE;

/** Letters and digits that nobody takes for one another. */
const PLAIN = "23456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A new code by which the person can take it back: 78 bits, in four groups. */
export function newWithdrawalCode(): string {
  let code = "";
  while (code.length < LEAST_CODE) {
    for (const byte of random(LEAST_CODE)) {
      // What is beyond the last whole round of the alphabet would make some letters likelier.
      if (byte < 240 && code.length < LEAST_CODE) code += PLAIN.charAt(byte % PLAIN.length);
    }
  }
  return code.replace(/(.{4})(?=.)/g, "$1-");
}

/** When an agreement ends; nothing when it is not known. */
export type Ends = (agreement: AgreementVersion) => Moment | undefined;

/** A certificate of a record for one recipient, signed. */
export interface Certificate {
  id: string;
  digest: string;
  token: string;
  claims: Claims;
}

/**
 * Makes and signs the certificate of a record for one recipient, or throws why the record supports none. A yes never outlives its
 * agreement; one whose agreement is not known falls away.
 */
export async function certify(
  record: ConsentRecord,
  recipient: string,
  [policy, ends]: [Policy, Ends],
  signer: PrivateKey,
  at: Moment,
): Promise<Certificate> {
  const claims = await claimsOf(record, recipient, [policy, ends], at);
  const token = await sign(signer, TYP.scope, utf8(JSON.stringify(claims)));
  return { id: claims.id, digest: await digest(token), token, claims };
}

/** What the certificate says. */
export async function claimsOf(
  record: ConsentRecord,
  recipient: string,
  [policy, ends]: [Policy, Ends],
  at: Moment,
): Promise<Claims> {
  const bytes = recordBytes(record);
  const found = defects(record, policy, at);
  const lines = linesFor(record, recipient, policy, ends);
  const yes = lines.filter((line) => line.effect === "permit");
  if (yes.length === 0) {
    found.raise("D306");
    found.unless(isResolved(record), "D317");
  }
  found.settle();
  const exp = seconds(Math.max(...yes.map(until)));
  found.unless(exp > seconds(at), "D305");
  found.settle();
  // What partners would refuse is not signed.
  if (exp - seconds(at) > (policy.consent.certificate_days * DAY) / SECOND) throw new UnsoundRecord("/lines");
  const highest = highestLevel(record, policy);
  const advised = moment(record.protection_advice_at ?? "") ?? Infinity;
  return {
    v: 1,
    id: newId("cer", at),
    ver: record.version,
    record: await digest(bytes),
    iss: record.collected.org,
    aud: recipient,
    sub: record.subject,
    class: record.subject_class,
    flags: {
      info_complete: isInformed(record),
      method: record.expression.method,
      attested: record.staff_attestation !== undefined,
      second_attested: record.second_attestation !== undefined,
      interpreter_ok: interpreterInOrder(record, highest),
      representative_ok: decidedByWhoMay(record, at),
      companion_present: record.companion ?? "none",
      separate: isUnbundled(record),
      ...(isResolved(record) ? {} : { unresolved: true as const }),
      third_parties: record.third_parties ?? "no_basis",
      ...(advised <= (moment(record.collected.at) ?? -Infinity) ? { protection_advice: true as const } : {}),
    },
    lines,
    statistics: record.statistics,
    status: record.status,
    notice: record.notice.version,
    withdrawal: await codeDigest(record.withdrawal.code),
    iat: seconds(at),
    exp,
  };
}

/** The recipient's yes lines, each within its bounds, and the no lines that touch it. */
function linesFor(record: ConsentRecord, recipient: string, policy: Policy, ends: Ends): GrantLine[] {
  const all = record.lines.map(({ line }) => line);
  // The no lines about others are not told, so whoever was refused anything is not one to pass on to.
  const refused = (to: string): boolean => all.some((line) => line.effect === "deny" && line.recipient === to);
  const yes: GrantLine[] = [];
  for (const line of all) {
    if (line.effect !== "permit" || line.recipient !== recipient) continue;
    const bound = bounded(line, record, policy, ends);
    if (bound === undefined) continue;
    const onward = (bound.onward ?? []).filter((to) => !refused(to));
    const { onward: _before, ...rest } = bound;
    yes.push(onward.length > 0 ? { ...rest, onward } : rest);
  }
  const touches = (line: GrantLine): boolean =>
    line.effect === "deny" && names(line.recipient, recipient) &&
    (line.purpose === "*" || yes.some((granted) => granted.purpose === line.purpose));
  return [...yes, ...all.filter(touches)];
}

/** The line with its end brought within every bound; nothing when no time is left, or when its agreement is not known. */
function bounded(line: GrantLine, record: ConsentRecord, policy: Policy, ends: Ends): GrantLine | undefined {
  const agreementEnds = line.agreement === undefined ? undefined : ends(line.agreement);
  const collected = moment(record.collected.at);
  const ceiling = moment(record.retention_ceiling);
  if (agreementEnds === undefined || collected === undefined || ceiling === undefined) return undefined;
  const latest = Math.min(agreementEnds, monthsAfter(collected, policy.consent.longest_months), ceiling, until(line));
  // Certificates carry whole seconds; rounding down never lengthens a yes.
  const end = ofSeconds(seconds(latest));
  return from(line) < end ? { ...line, until: written(end) } : undefined;
}

/** The end a yes has when nobody says. */
export function usualEnd(collected: Moment, agreementEnds: Moment, ceiling: Moment, policy: Policy): Moment {
  return Math.min(monthsAfter(collected, policy.consent.usual_months), agreementEnds, ceiling);
}
