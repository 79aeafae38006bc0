// A letter while it is written: which fields there are, what the person said no to, and what the rules say of it as it stands.

import { type Terms, flow, items, retention } from "../gateway/agreement.ts";
import type { Json } from "../gateway/closed.ts";
import { Denials } from "../gateway/denials.ts";
import { type Field, own, takes } from "../gateway/dictionary.ts";
import { type Policy, type WeighedField, inOrder, within } from "../gateway/policy.ts";
import {
  type Covering, type Facts, type FormFacts, type Member, type Presented, type Released, type Wanted, release,
} from "../gateway/release.ts";
import type { Moment } from "../gateway/time.ts";
import type { ConsentBody } from "./consents.ts";

/** What does not change while a letter is written. */
export interface Ground {
  policy: Policy;
  sender: Member;
  recipient: Member;
  offer: Facts["offer"];
  covering: Covering;
  body: ConsentBody;
  /** Digest of the record. */
  record: string;
  certificate: Presented;
  /** Whether it adds to a referral instead of beginning one. */
  continues?: boolean;
}

/** What was written so far. */
export interface Written {
  urgency: string;
  /** Only what was filled in. */
  values: Map<string, Json>;
  /** Why a field beyond the minimum is needed. */
  because: Map<string, string>;
  reviewed: boolean;
  approvals: number;
  overrides: string[];
  signal?: "absent" | "present";
}

/** How a field stands for this letter. */
export type Standing = "offered" | "refused" | "absent";

/** How long the recipient may keep it: the longest code that is within what was agreed, which is what the person was told. */
export function longestKept(policy: Policy, terms: Terms | undefined): string {
  const agreed = terms && retention(terms, policy.purpose.code);
  const codes = Object.entries(policy.retention).filter(([, keep]) => agreed !== undefined && within(keep, agreed));
  const same = codes.filter(([, { trigger }]) => trigger === agreed?.trigger);
  const of = same.length > 0 ? same : codes;
  of.sort(([, one], [, other]) => other.days - one.days);
  return of[0]?.[0] ?? "";
}

function factsOf({ policy, sender, recipient, offer, covering, certificate, continues }: Ground, written: Written, fields: Wanted["fields"], at: Moment): Facts {
  const { terms } = covering;
  const { claims, digest } = certificate;
  return {
    at, sender, recipient, offer, agreement: covering, certificate, open_referral: false, withdrawal_running: false,
    wanted: {
      sender: sender.id, recipient: recipient.id, urgency: written.urgency, retention: longestKept(policy, terms), onward: "OW00", fields,
      rare_language: false, subject: claims.sub, begins: continues !== true, certificate: { id: claims.id, digest },
      attested: {
        approvals: written.approvals, overrides: written.overrides, ...(written.signal === undefined ? {} : { signal: written.signal }),
      },
      ...(terms === undefined ? {} : { agreement: { id: terms.document.id, version: terms.document.version, digest: terms.digest } }),
    },
  };
}

function formOf(policy: Policy, written: Written): FormFacts {
  const narratives = [...written.values].flatMap(([field, value]) => {
    const isProse = own(policy.fields, field)?.shape.kind === "prose";
    return isProse && typeof value === "string" ? [{ field, chars: [...value].length, reviewed: written.reviewed }] : [];
  });
  return { subjects: 1, narratives, files: [] };
}

/** What would go of what was written, or throws every code that stands against it. */
export function judged(ground: Ground, written: Written, at: Moment): Released {
  const fields = [...written.values.keys()].map((id) => {
    const justification = written.because.get(id);
    return { id, ...(justification === undefined ? {} : { justification }) };
  });
  const facts = factsOf(ground, written, fields, at);
  return release(ground.body.record, ground.record, formOf(ground.policy, written), facts, [ground.policy, "refuse"]);
}

/**
 * How each field that the parties agreed on stands, each judged by itself with everything in its favour that whoever writes could still
 * add. What the person said no to is told; what may not go for another reason does not exist for this letter.
 */
export function standings(ground: Ground, at: Moment): Map<string, Standing> {
  const { policy, sender, recipient, covering: { terms } } = ground;
  const way = terms && flow(terms, sender.id, recipient.id);
  const agreed = way && items(way, policy.purpose.code);
  const found = new Map<string, Standing>();
  for (const id of inOrder(policy, agreed?.keys() ?? [])) {
    const field = own(policy.fields, id);
    if (field === undefined || field.need === "refused" || field.shape.kind === "file") continue;
    found.set(id, standing(ground, id, field, at));
  }
  return found;
}

function standing(ground: Ground, id: string, field: WeighedField, at: Moment): Standing {
  const reason = field.need === "justified" ? (field.with?.[0] ?? "JC01") : "JC01";
  const written: Written = {
    urgency: "", values: new Map([[id, ""]]), because: new Map([[id, reason]]), reviewed: true, approvals: ground.policy.approvals,
    overrides: ["D107"],
  };
  try {
    judged(ground, written, at);
  } catch (denied) {
    if (!(denied instanceof Denials)) throw denied;
    const codes = denied.found.filter(({ fields }) => fields?.includes(id) === true).map(({ code }) => code);
    // What could not go anyway was not asked about, so nobody said no to it.
    if (codes.some((code) => code !== "D308" && code !== "D309")) return "absent";
    if (codes.length > 0) return "refused";
  }
  return "offered";
}

/** A value as it was typed or chosen: nothing when nothing was, and no value when the field does not take it. */
export function valueOf(policy: Policy, field: Field, said: string[]): { value?: Json; wrong?: true } {
  const given = said.map((one) => one.trim()).filter((one) => one !== "");
  if (given.length === 0) return {};
  const one = (text: string): Json => {
    if (field.shape.kind === "count") return /^\d{1,9}$/.test(text) ? Number(text) : text;
    if (field.shape.kind === "flag") return text === "yes";
    return text;
  };
  const lines = field.many !== undefined && field.shape.kind !== "code" ? given.flatMap((text) => text.split("\n")) : given;
  const all = lines.map((text) => text.trim()).filter((text) => text !== "").map(one);
  const value: Json = field.many === undefined ? (all[0] ?? "") : all;
  return takes(policy, field, value) ? { value } : { wrong: true };
}
