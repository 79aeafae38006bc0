// The excerpt of the policy that a page was given, as far as consent and release look at it.

import type { Dictionary, Field, Level } from "./dictionary.ts";
import { own } from "./dictionary.ts";

/** How a field is weighed for the service and the purpose of the excerpt. */
export type Need =
  | { need: "minimum" }
  /** With one of these reasons, or with any. */
  | { need: "justified"; with?: string[] }
  | { need: "refused"; deny: string };

export type WeighedField = Field & Need & {
  label: string;
  /** Its place in the dictionary: the order in which people are asked and read. */
  place: number;
  enforcement?: boolean;
  third_party?: boolean;
  kept_from?: ("enforcement" | "origin_authority")[];
  /** Places of the traits it shows. */
  traits?: number[];
};

/** How long something may be kept. */
export interface Keep {
  trigger: "received" | "purpose_fulfilled";
  days: number;
}

export interface Policy extends Dictionary {
  service: { code: string; minset?: string; route_as?: string; enforcement: boolean };
  purpose: { code: string; listed: boolean; explicit: boolean; each_round: boolean };
  fields: Record<string, WeighedField>;
  /** Of every category, whether or not a field of it is here: a consent may name any. */
  categories: Record<string, Level>;
  /** Every sensitive field by its level, for the same reason. */
  levels: { S3: string[]; S4: string[] };
  /** The purposes a person can grant. */
  grantable: string[];
  mosaic: { at_least: number; treated_as: Level; only_if_rare: boolean[] };
  retention: Record<string, Keep>;
  approvals: number;
  consent: { longest_months: number; usual_months: number; certificate_days: number };
}

/** How sensitive any field of the policy is, as far as it matters: below S3 it does not. */
export function levelOf(policy: Policy, field: string): Level {
  if (policy.levels.S4.includes(field)) return "S4";
  return policy.levels.S3.includes(field) ? "S3" : (own(policy.fields, field)?.level ?? "S0");
}

/** Fields in the order in which people are asked and read; those that are not known come last. */
export const inOrder = (policy: Pick<Policy, "fields">, fields: Iterable<string>): string[] => {
  const place = (field: string): number => own(policy.fields, field)?.place ?? Number.MAX_SAFE_INTEGER;
  return [...fields].sort((one, other) => place(one) - place(other));
};

/** Whether what is kept so long is never kept longer than the other allows. */
export const within = (one: Keep, other: Keep): boolean =>
  (one.trigger === "received" || other.trigger === "purpose_fulfilled") && one.days <= other.days;

/** How sensitive a category is. */
export const categoryLevel = (policy: Policy, category: string): Level => own(policy.categories, category) ?? "S0";
