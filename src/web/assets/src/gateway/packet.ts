// The packet's form: container, envelope, manifest, grants, documents and receipts, each a closed set, and their limits.

import { type Bytes, decode, digest, text, utf8 } from "./bytes.ts";
import { type Json, canonical, read } from "./closed.ts";
import { type Dictionary, own } from "./dictionary.ts";
import { must, named } from "./fault.ts";
import { type PublicKey, TYP, verify } from "./gate.ts";
import {
  AGREEMENT, CATEGORY, CERTIFICATE, DIGEST, FIELD, JUSTIFICATION, ORGANISATION, PACKET, PURPOSE, RECEIPT, REFERRAL, SALT,
  SECTION, SERVICE, SUBJECT, TAG, WORD, among, anyText, anything, closedSet, flag, like, list, map, whole,
} from "./shape.ts";
import { type Moment, ofSeconds, seconds } from "./time.ts";

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

const BYTE = whole(0, 255);
const COUNT = whole(0);
const LAST_SHORT = 65_535;
const LAST_WORD = 4_294_967_295;

const ENVELOPE = closedSet(
  {
    v: BYTE, jti: PACKET, kind: among("referral", "update", "reply", "withdraw"), iss: ORGANISATION, aud: list(ORGANISATION),
    iat: whole(), exp: whole(), ref: REFERRAL, sub: SUBJECT,
    dsa: closedSet({ id: AGREEMENT, ver: whole(0, LAST_WORD), h: DIGEST }),
    mode: among("consent", "emergency", "legal", "info"), purpose: PURPOSE, service: SERVICE, urgency: like(/^U\d$/),
    retention: like(/^RT\d\d$/), onward: like(/^OW\d\d$/), manifest: DIGEST,
    grants: list(closedSet({ aud: ORGANISATION, role: WORD, kid: DIGEST, h: DIGEST })),
    sections: list(closedSet({ id: SECTION, role: WORD, len: COUNT, h: DIGEST, kc: DIGEST })),
  },
  {
    re: PACKET, parent: REFERRAL, scope: closedSet({ id: CERTIFICATE, h: DIGEST }),
    att: closedSet({}, {
      approvals: whole(1, 9), signal: among("absent", "present", "not_screened"), round: whole(0, LAST_SHORT),
      overrides: list(like(/^D\d{3}$/)), anonymous: flag, untold: flag,
    }),
  },
);
const MANIFEST = closedSet({
  v: BYTE, dict: TAG, minset: WORD,
  fields: list(
    closedSet({ f: FIELD, c: CATEGORY, sec: SECTION, n: DIGEST }, { j: JUSTIFICATION, s: among("received", "own") }),
  ),
});
const GRANT = closedSet({ v: BYTE, iss: ORGANISATION, aud: ORGANISATION, jti: PACKET, keys: map(/^s(?:\d|1[0-5])$/, anyText) });
const CONTENT = closedSet({
  v: BYTE, iss: ORGANISATION, aud: list(ORGANISATION), jti: PACKET, sec: SECTION, sch: TAG, data: map(/^/, anything),
  salts: map(/^/, SALT), pad: anyText,
  files: list(closedSet({ sec: SECTION, name: anyText, mime: anyText, size: COUNT, sha256: DIGEST })),
});
const RECEIPT_CLAIMS = closedSet(
  {
    v: BYTE, jti: RECEIPT, iss: anyText, re: PACKET, h: DIGEST,
    evt: among("accepted", "delivered", "opened", "violation", "purged"), at: whole(),
  },
  { leaf: DIGEST, note: closedSet({ check: whole(0, LAST_SHORT), fields: list(FIELD), others: COUNT }) },
);

/** The place of a section in the packet's lists. */
export const placeOf = (section: string): number => Number(section.slice(1));

/** Checks 100 to 102, of what the hub serves. */
export function readContainer(body: Bytes): Container {
  must(100, body.length <= MAX_BODY);
  let container: Json;
  try {
    const written = text(body);
    container = read(written, DEPTH, true);
    // Nothing in a token needs an escape; two ways to write one would be one too many.
    must(101, !written.includes("\\"));
  } catch {
    return must(101, false) as never;
  }
  const token = (value: Json): boolean => typeof value === "string";
  const section = (value: Json): boolean => value === null || token(value);
  const shape = closedSet({ v: COUNT, envelope: token, manifest: token, grants: list(token), sections: list(section) });
  must(101, shape(container));
  const made = container as unknown as Container;
  const counted = (length: number, most: number): boolean => length >= 1 && length <= most;
  must(102, made.v === 1 && counted(made.grants.length, MAX_GRANTS) && counted(made.sections.length, MAX_SECTIONS));
  return made;
}

/** Check 200: exactly the claims of an envelope. */
export function readEnvelope(payload: Bytes): Envelope {
  let claims: Json;
  try {
    claims = read(payload, DEPTH);
  } catch {
    return must(200, false) as never;
  }
  must(200, ENVELOPE(claims));
  const envelope = claims as unknown as Envelope;
  const placed = envelope.sections.every(({ id }, place) => id === `s${place}`);
  // Only of what is passed on is anybody told.
  must(200, envelope.v === 1 && placed && (envelope.parent !== undefined || envelope.att?.untold !== true));
  return envelope;
}

/** Checks 204 and 205, at the moment the hub received it. */
export function judgeTimes({ iat, exp }: Envelope, received: Moment): void {
  const at = seconds(received);
  must(204, iat <= at + SKEW);
  must(205, exp - iat >= MIN_LIFE && exp - iat <= MAX_LIFE && exp > at - SKEW);
}

/** Check 207: the digest, the form, and each field under its category and in its compartment. */
export async function readManifest(encoded: string, envelope: Envelope, by: Dictionary): Promise<Manifest> {
  must(207, encoded.length <= MAX_MANIFEST);
  const bytes = await named(207, () => decode(encoded));
  must(207, (await digest(bytes)) === envelope.manifest);
  const claims = await named(207, () => read(bytes, DEPTH));
  must(207, MANIFEST(claims));
  const manifest = claims as unknown as Manifest;
  must(207, manifest.v === 1 && manifest.fields.length <= MAX_FIELDS);
  const seen = new Set<string>();
  for (const { f, c, sec, s } of manifest.fields) {
    const section = envelope.sections[placeOf(sec)];
    must(207, section !== undefined && (s === undefined || envelope.parent !== undefined) && !seen.has(`${f} ${sec}`));
    seen.add(`${f} ${sec}`);
    // Of what was sealed by another policy there is nothing to say by this one.
    if (manifest.dict !== by.dictionary) continue;
    const known = own(by.fields, f);
    must(207, known !== undefined && known.category === c && known.compartment === section.role);
  }
  return manifest;
}

/** What a grant holds (302). */
export async function readGrant(plaintext: Bytes): Promise<GrantContent> {
  const claims = await named(302, () => read(plaintext, DEPTH));
  must(302, GRANT(claims));
  const grant = claims as unknown as GrantContent;
  must(302, grant.v === 1);
  return grant;
}

/** What a document says (307). */
export async function readContent(payload: Bytes): Promise<Content> {
  const claims = await named(307, () => read(payload, CONTENT_DEPTH));
  must(307, CONTENT(claims));
  return claims as unknown as Content;
}

/** A receipt, verified with the key of whoever should have signed it (310). */
export function readReceipt(token: string, signer: PublicKey): Promise<Receipt> {
  return named(310, async () => {
    const { payload } = await verify(token, TYP.receipt, MAX_RECEIPT, (kid) => (kid === signer.kid ? signer : undefined));
    const claims = read(payload, DEPTH);
    must(310, RECEIPT_CLAIMS(claims));
    const receipt = claims as unknown as Receipt;
    const noted = (receipt.note !== undefined) === (receipt.evt === "violation");
    must(310, receipt.v === 1 && utf8(receipt.iss).length <= 128 && noted);
    return receipt;
  });
}

/** When something a receipt states happened. */
export const momentOf = ({ at }: Receipt): Moment => ofSeconds(at);


/** The commitment to a value; nothing when the value has no canonical form. */
export async function commitment(field: string, salt: string, value: Json): Promise<string | undefined> {
  const written = canonical(["rp1-field", field, salt, value]);
  return written === undefined ? undefined : digest(written);
}
