// Asking a person: which questions follow from an agreement, and the record of what they answered.
//
// What belongs together in their life is one question, in plain words; what is most sensitive, and what the parties agreed to name, is a
// question of its own. Nothing is answered for them: a question without an answer is a no.

import { type Terms, ends, flow, items, opens } from "../gateway/agreement.ts";
import { digest, newId } from "../gateway/bytes.ts";
import { type Assent, type ConsentRecord, type GrantLine, type Guardian, INFORMATION, newWithdrawalCode, recordBytes, usualEnd } from "../gateway/consent.ts";
import { own } from "../gateway/dictionary.ts";
import { type Policy, inOrder, levelOf } from "../gateway/policy.ts";
import { DAY, type Moment, monthsAfter, ofSeconds, seconds, written } from "../gateway/time.ts";
import type { Document } from "./agreements.ts";

/** What is told together, and the items of the checklist in it. All eighteen stand in one of the six. */
export const TOLD: Record<string, (typeof INFORMATION)[number][]> = {
  who: ["who_collects", "purpose_per_line", "data_by_category", "statistics_separate"],
  whom: ["recipients_by_name", "language_understood"],
  good: ["benefits_and_risks", "alternatives", "no_guarantee"],
  no: ["right_to_refuse", "no_conditioning", "right_to_withdraw"],
  kept: ["retention", "data_rights", "misconduct_contacts"],
  must: ["harm_limit", "legal_limit", "questions"],
};

/** Kinds of data that are one thing to the person. A kind that is in none is a question of its own. */
const TOGETHER: Record<string, string[]> = {
  who: ["K01", "K02", "K03", "K04", "K10", "K26"],
  contact: ["K08"],
  need: ["K13", "K25"],
  family: ["K11", "K12"],
  papers: ["K05", "K06"],
  place: ["K09"],
  health: ["K14"],
  mind: ["K15"],
  harm: ["K16", "K17", "K22"],
  living: ["K23"],
  journey: ["K21"],
  status: ["K07"],
};

export type Answer = "yes" | "no";

/** One question: kinds of data, or one field by its name. */
export interface Question {
  /** A group of [`TOGETHER`], a category, or the id of a field. */
  name: string;
  categories: string[];
  fields: string[];
  /** The fields that would go, to be told. */
  about: string[];
}

/** A part of what somebody said yes to, as it was asked: what belongs together is one part, what was named by itself another. */
export interface Part {
  name: string;
  categories: string[];
  fields: string[];
}

/** What a record says yes to, part by part. What was taken back of it already is none. */
export function partsOf({ lines }: ConsentRecord, gone: { categories?: string[]; fields?: string[] }[] = []): Part[] {
  const yes = lines.map(({ line }) => line).filter(({ effect }) => effect === "permit");
  const isGone = (what: "categories" | "fields", code: string): boolean => gone.some((one) => one[what]?.includes(code) === true);
  const left = (what: "categories" | "fields"): string[] => [...new Set(yes.flatMap(({ scope }) => scope[what] ?? []))].filter((code) => !isGone(what, code));
  const together = new Map<string, Part>();
  for (const category of left("categories")) {
    const name = groupOf(category);
    const part = together.get(name) ?? { name, categories: [], fields: [] };
    part.categories.push(category);
    together.set(name, part);
  }
  return [...together.values(), ...left("fields").map((field) => ({ name: field, categories: [], fields: [field] }))];
}

const groupOf = (category: string): string => Object.keys(TOGETHER).find((group) => TOGETHER[group]?.includes(category)) ?? category;

/** How a record answered a question: not at all where it did not ask, or asked it in another way. */
export function answeredBefore({ lines }: ConsentRecord, { categories, fields }: Question): Answer | undefined {
  const has = (effect: "permit" | "deny"): boolean => {
    const scopes = lines.map(({ line }) => line).filter((line) => line.effect === effect).map(({ scope }) => scope);
    const inside = (code: string, what: "categories" | "fields"): boolean => scopes.some((scope) => scope[what]?.includes(code) === true);
    return categories.length + fields.length > 0 && categories.every((code) => inside(code, "categories")) && fields.every((id) => inside(id, "fields"));
  };
  return has("deny") ? "no" : has("permit") ? "yes" : undefined;
}

/** The questions that follow from what the parties agreed on, for what the service may have at all. */
export function questions(policy: Policy, terms: Terms, from: string, to: string): Question[] {
  const way = flow(terms, from, to);
  const agreed = way && items(way, policy.purpose.code);
  const together = new Map<string, Question>();
  const alone: Question[] = [];
  for (const id of inOrder(policy, agreed?.keys() ?? [])) {
    const tier = agreed?.get(id);
    const field = own(policy.fields, id);
    const level = levelOf(policy, id);
    if (field === undefined || field.need === "refused" || field.shape.kind === "file") continue;
    if (!opens(terms, id, field.category, level)) continue;
    if (level === "S4" || tier === "restricted") {
      alone.push({ name: id, categories: [], fields: [id], about: [id] });
      continue;
    }
    const name = groupOf(field.category);
    const question = together.get(name) ?? { name, categories: [], fields: [], about: [] };
    if (!question.categories.includes(field.category)) question.categories.push(field.category);
    question.about.push(id);
    together.set(name, question);
  }
  const order = [...Object.keys(TOGETHER), ...[...together.keys()].filter((name) => !(name in TOGETHER)).sort()];
  return [...order.flatMap((name) => together.get(name) ?? []), ...alone];
}

/** What was asked and answered, as it stands in the page. */
export interface Answers {
  nickname: string;
  person: ConsentRecord["subject_class"];
  age_basis: ConsentRecord["age_basis"];
  language: string;
  medium: ConsentRecord["notice"]["medium"];
  /** Groups of [`TOLD`] that were said. */
  told: string[];
  back: boolean;
  /** By the name of the question. */
  answers: Record<string, Answer | undefined>;
  feedback: Answer | undefined;
  statistics: Answer | undefined;
  method: ConsentRecord["expression"]["method"];
  /** Where a paper lies. */
  evidence: string;
  place: string;
  companion: NonNullable<ConsentRecord["companion"]> | undefined;
  second: { as: "witness" | "interpreter"; who: string } | undefined;
  interpreter: { vetted: boolean; competent: boolean; accurate: boolean; relation: string; chosen_in_private: boolean } | undefined;
  representative: { who: string; until: string; verified: boolean; objects: boolean } | undefined;
  /** Of a child: who decided for it, and what it said. Days are those of the page. */
  guardian: Guardian | undefined;
  assent: Assent | undefined;
  /** Whether there is a basis for what is told of other people. */
  third_parties: boolean;
}

/** What a record is made with. */
export interface Asked {
  policy: Policy;
  terms: Terms & { document: Document };
  recipient: string;
  organisation: string;
  staff: string;
  /** Whose law applies, and where what is kept lies: two letters each. */
  country: string;
  kept_in: string;
  /** The wording of the notice. */
  notice: string;
  /** How it is taken back, in words for the person. */
  method: string;
  /** The record that this one takes the place of: the next version of the same consent, for the same pseudonym and with the same code. */
  before?: ConsentRecord;
  at: Moment;
}

/** The latest day of destruction, as the agreement has it. */
export function keptUntil({ document }: { document: Document }, purpose: string, at: Moment): Moment {
  const agreed = document.retention.find((one) => one.purpose === purpose);
  return at + (agreed?.ceiling_days ?? agreed?.days ?? 0) * DAY;
}

const choice = (answer: Answer | undefined): "permit" | "deny" | "not_asked" =>
  answer === "yes" ? "permit" : answer === "no" ? "deny" : "not_asked";

/** What was said no to, or to everything, as lines; a no needs no agreement. */
const no = (scope: GrantLine["scope"], recipient: string, purpose: string, from: Moment, until: Moment): GrantLine => ({
  effect: "deny", recipient, purpose, scope, from: written(from), until: written(until),
});

/** The record of an answer: of a yes to something, or of a no to everything. */
export async function recordOf(said: Answers, asked: Asked, refused = false): Promise<ConsentRecord> {
  const { policy, terms, recipient, organisation, staff, before } = asked;
  // Whole seconds, so that what the certificate says and what the record says are the same.
  const at = ofSeconds(seconds(asked.at));
  const ceiling = keptUntil(terms, policy.purpose.code, at);
  const until = usualEnd(at, ends(terms), ceiling, policy);
  const all = questions(policy, terms, organisation, recipient);
  const answered = (answer: Answer): { categories: string[]; fields: string[] } => {
    const these = all.filter(({ name }) => said.answers[name] === answer);
    return { categories: these.flatMap(({ categories }) => categories), fields: these.flatMap(({ fields }) => fields) };
  };
  const scope = ({ categories, fields }: { categories: string[]; fields: string[] }): GrantLine["scope"] => ({
    ...(categories.length > 0 ? { categories } : {}), ...(fields.length > 0 ? { fields } : {}),
  });
  const lines: GrantLine[] = [];
  if (refused) {
    const latest = monthsAfter(at, policy.consent.longest_months);
    lines.push(no({ categories: Object.keys(policy.categories) }, recipient, "*", at, latest));
  } else {
    const [yes, denied] = [scope(answered("yes")), scope(answered("no"))];
    const { id, version } = terms.document;
    const operations: GrantLine["operations"] = said.feedback === "yes" ? ["disclose", "feedback_return"] : ["disclose"];
    lines.push({
      effect: "permit", recipient, purpose: policy.purpose.code, service: policy.service.code, scope: yes, operations,
      from: written(at), until: written(until), agreement: { id, version },
    });
    if (Object.keys(denied).length > 0) lines.push(no(denied, recipient, policy.purpose.code, at, until));
  }
  const { second, interpreter, representative } = said;
  const moment = written(at);
  const reference = said.evidence.trim() || (second?.who ?? said.nickname);
  return {
    v: 1, id: before?.id ?? newId("con", at), version: (before?.version ?? 0) + 1,
    ...(before === undefined ? {} : { supersedes: await digest(recordBytes(before)) }),
    collected: { org: organisation, by: staff, place: said.place, at: moment },
    subject: before?.subject ?? newId("sub", at),
    subject_class: said.person, age_basis: said.age_basis,
    notice: { id: "consent-page", version: asked.notice, language: said.language, medium: said.medium },
    information_given: said.told.flatMap((group) => TOLD[group] ?? []),
    understanding: { teach_back: said.back, by: staff },
    // A word has no bytes, and a paper that lies in a cupboard none that are at hand: the digest is of what says where it is.
    expression: { method: said.method, evidence: { reference, digest: await digest(reference) } },
    staff_attestation: { by: staff, at: moment },
    ...(second === undefined ? {} : { second_attestation: { as: second.as, reference: second.who, at: moment } }),
    ...(second === undefined || interpreter === undefined ? {} : {
      interpreter: {
        language: said.language, reference: second.who, vetted: interpreter.vetted, competence_declared: interpreter.competent,
        accuracy_declared: interpreter.accurate, relation: interpreter.relation as NonNullable<ConsentRecord["interpreter"]>["relation"],
        ...(interpreter.relation === "family_member" ? { chosen_in_private: interpreter.chosen_in_private } : {}),
      },
    }),
    ...(said.companion === undefined ? {} : { companion: said.companion }),
    ...(representative === undefined ? {} : {
      representatives: [{
        reference: representative.who, mandate_verified: representative.verified, mandate_until: `${representative.until}T00:00:00Z`,
        person_objects: representative.objects,
      }],
    }),
    ...(said.guardian === undefined ? {} : { guardian: said.guardian }),
    ...(said.assent === undefined ? {} : { assent: said.assent }),
    lines: lines.map((line) => ({ line, given: "separately" as const })),
    statistics: refused ? "deny" : choice(said.statistics), research: "not_asked",
    third_parties: said.third_parties ? "based" : "no_basis",
    legal_bases: terms.document.legal_bases
      .filter(({ org, purpose }) => purpose === policy.purpose.code && (org === organisation || org === recipient))
      .flatMap(({ org, article6, public_law, internal_policy }) => {
        const basis = article6 ?? (public_law ?? internal_policy)?.slice(0, 64);
        return basis === undefined ? [] : [{ org, basis }];
      }),
    jurisdiction: asked.country, storage_location: asked.kept_in, retention_ceiling: written(ceiling),
    withdrawal: { method: asked.method, code: before?.withdrawal.code ?? newWithdrawalCode() },
    status: refused ? "refused" : "given", status_since: moment,
    emergency_notice_given: said.told.includes("must"), legal_duty_notice_given: said.told.includes("must"),
    source: { kind: "asked" },
  };
}
