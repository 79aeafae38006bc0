// The packet's form: container, envelope, manifest, grants, documents and receipts, and their limits.

import { digest } from "./bytes.ts";
import { type Json, canonical } from "./closed.ts";

export const MAX_BODY = 12 * 1_024 * 1_024;
export const MAX_ENVELOPE = 16_384;
/** Characters of base64url: 12,000 bytes. */
export const MAX_ENVELOPE_PAYLOAD = 16_000;
export const MAX_MANIFEST = 16_384;
export const MAX_FIELDS = 400;
export const MAX_SECTIONS = 16;
export const MAX_GRANTS = 32;
export const MAX_GRANT = 4_096;
export const MAX_DOCUMENT = 32_768;
export const MAX_CONTENT = 45_056;
export const MAX_DOCUMENT_SECTION = 61_440;
export const MAX_FILE = 5 * 1_024 * 1_024;
export const MAX_FILE_SECTION = 6_990_848;
export const MAX_RECEIPT = 16_384;
/** Seconds a packet may live. */
export const MIN_LIFE = 60;
export const MAX_LIFE = 2_592_000;
/** Seconds that clocks may differ. */
export const SKEW = 300;
/** How deep container and claims nest. */
export const DEPTH = 4;
/** How deep a document nests. */
export const CONTENT_DEPTH = 8;

export const FIELDS_SCHEMA = "rp1-fields.v1";
export const GENERAL = "general";
/** The sizes documents are padded to, so that the size does not tell the service. */
export const DOCUMENT_SIZES = [2_048, 8_192, MAX_DOCUMENT];

export interface Container {
  v: 1;
  envelope: string;
  manifest: string;
  grants: string[];
  /** `null` for a section the reader has no key for; only in what the hub serves. */
  sections: (string | null)[];
}

export interface Envelope {
  v: 1;
  jti: string;
  kind: "referral" | "update" | "reply" | "withdraw";
  re?: string;
  iss: string;
  aud: string[];
  iat: number;
  exp: number;
  ref: string;
  parent?: string;
  sub: string;
  dsa: { id: string; ver: number; h: string };
  mode: "consent" | "emergency" | "legal" | "info";
  scope?: { id: string; h: string };
  purpose: string;
  service: string;
  urgency: string;
  retention: string;
  onward: string;
  att?: Attested;
  manifest: string;
  grants: { aud: string; role: string; kid: string; h: string }[];
  sections: { id: string; role: string; len: number; h: string; kc: string }[];
}

/** What a sender attests where the hub cannot see for itself. Nothing attested is one approval. */
export interface Attested {
  approvals?: number;
  signal?: "absent" | "present" | "not_screened";
  round?: number;
  overrides?: string[];
  anonymous?: boolean;
  untold?: boolean;
}

export interface ManifestField {
  f: string;
  c: string;
  sec: string;
  n: string;
  j?: string;
  s?: "received" | "own";
}

export interface Manifest {
  v: 1;
  dict: string;
  minset: string;
  fields: ManifestField[];
}

export interface FileNote {
  sec: string;
  name: string;
  mime: string;
  size: number;
  sha256: string;
}

export interface GrantContent {
  v: number;
  iss: string;
  aud: string;
  jti: string;
  keys: Record<string, string>;
}

export interface Content {
  v: number;
  iss: string;
  aud: string[];
  jti: string;
  sec: string;
  sch: string;
  data: Record<string, Json>;
  salts: Record<string, string>;
  files: FileNote[];
  pad: string;
}

export interface Receipt {
  v: 1;
  jti: string;
  iss: string;
  re: string;
  h: string;
  evt: "accepted" | "delivered" | "opened" | "violation" | "purged";
  at: number;
  leaf?: string;
  note?: { check: number; fields: string[]; others: number };
}

/** The place of a section in the packet's lists. */
export const placeOf = (section: string): number => Number(section.slice(1));

/** The commitment to a value; nothing when the value has no canonical form. */
export async function commitment(field: string, salt: string, value: Json): Promise<string | undefined> {
  const written = canonical(["rp1-field", field, salt, value]);
  return written === undefined ? undefined : digest(written);
}
