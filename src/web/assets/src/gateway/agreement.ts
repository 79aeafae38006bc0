// The agreement as its parties signed it, and what follows from it. The document is believed by its bytes: its digest is what packets
// cite, and what every party put its signature under.

import { type Bytes, digest } from "./bytes.ts";
import { read } from "./closed.ts";
import type { Level } from "./dictionary.ts";
import type { AgreementVersion } from "./consent.ts";
import { type Keep, within } from "./policy.ts";
import { type Moment, moment } from "./time.ts";

export type OnwardRule = "none" | "same_legal_person" | "listed";

/** The part of `schemas/agreements/agreement.v1.schema.json` that decides what may go. */
export interface Agreement {
  id: string;
  version: number;
  flows: {
    from: string;
    to: string;
    services: string[];
    purposes: { purpose: string; items: { field: string; tier?: "justified" | "restricted" }[] }[];
  }[];
  sensitive: {
    categories?: { category: string }[];
    fields?: { field: string; role: string; dual_approval: boolean }[];
  };
  jurisdiction: { origin_override?: boolean };
  transfers?: { from: string; to: string }[];
  retention: ({ purpose: string } & Keep)[];
  destruction: { methods: object[] };
  onward: { rule: OnwardRule };
  crypto: { profiles: string[] };
  volumes: { packets_per_day: number; fields_per_packet: number };
  dpia?: { until: string };
  validity: { until: string };
}

/** The document and its digest. */
export interface Terms {
  document: Agreement;
  digest: string;
}

const DEPTH = 8;

/** The terms out of the exact bytes that were signed. */
export const termsOf = async (bytes: Bytes): Promise<Terms> => ({
  document: read(bytes, DEPTH) as unknown as Agreement,
  digest: await digest(bytes),
});

export const isVersion = ({ document }: Terms, { id, version }: AgreementVersion): boolean =>
  document.id === id && document.version === version;

export const ends = ({ document }: Terms): Moment => moment(document.validity.until) ?? -Infinity;

/** A direction between two parties. Of two that are written for the same, the last one counts. */
export const flow = ({ document }: Terms, from: string, to: string): Agreement["flows"][number] | undefined =>
  document.flows.filter((one) => one.from === from && one.to === to).at(-1);

/** The fields that may go for a purpose, each with a stricter tier the parties gave it. */
export function items(of: Agreement["flows"][number], purpose: string): Map<string, string | undefined> | undefined {
  const listed = of.purposes.filter((one) => one.purpose === purpose).at(-1);
  return listed && new Map(listed.items.map(({ field, tier }) => [field, tier]));
}

export const opensCategory = ({ document }: Terms, category: string): boolean =>
  document.sensitive.categories?.some((open) => open.category === category) === true;

/** The role that may read a most sensitive field, when the parties opened it. */
export const opensField = ({ document }: Terms, field: string): string | undefined =>
  document.sensitive.fields?.filter((open) => open.field === field && open.dual_approval).at(-1)?.role;

/** Whether the document opens what a field needs by its level. */
export function opens(terms: Terms, field: string, category: string, level: Level): boolean {
  if (level === "S4") return opensField(terms, field) !== undefined;
  return level !== "S3" || opensCategory(terms, category);
}

export const retention = ({ document }: Terms, purpose: string): Keep | undefined =>
  document.retention.find((one) => one.purpose === purpose);

const BREADTH: OnwardRule[] = ["none", "same_legal_person", "listed"];

/** What an onward code means. A code nobody knows allows the most, so that no agreement takes it for less. */
export const onwardOf = (code: string): OnwardRule =>
  code === "OW00" ? "none" : code === "OW01" ? "same_legal_person" : "listed";

export const noWider = (one: OnwardRule, other: OnwardRule): boolean => BREADTH.indexOf(one) <= BREADTH.indexOf(other);

export const coversTransfer = ({ document }: Terms, from: string, to: string): boolean =>
  from === to || document.transfers?.some((one) => one.from === from && one.to === to) === true;

export const assessed = ({ document }: Terms, at: Moment): boolean =>
  document.dpia !== undefined && at < (moment(document.dpia.until) ?? -Infinity);

/** What a packet makes use of. */
export interface Use {
  from: { id: string; country: string };
  to: { id: string; country: string };
  service: string;
  purpose: string;
  keep: Keep | undefined;
  onward: OnwardRule;
}

/** Which part of a use an older version did not allow: some fields, or the packet as a whole. */
export function widerFor(
  old: Terms,
  use: Use,
  fields: string[],
  opened: (field: string) => boolean,
): { fields: string[]; whole: boolean } {
  const way = flow(old, use.from.id, use.to.id);
  const listed = way && items(way, use.purpose);
  if (way === undefined || listed === undefined) return { fields, whole: true };
  const agreed = retention(old, use.purpose);
  const longer = use.keep !== undefined && (agreed === undefined || !within(use.keep, agreed));
  return {
    fields: fields.filter((field) => !listed.has(field) || !opened(field)),
    whole:
      !way.services.includes(use.service) || longer || !noWider(use.onward, old.document.onward.rule) ||
      !coversTransfer(old, use.from.country, use.to.country),
  };
}
