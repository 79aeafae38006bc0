// Reading what came from outside: container, envelope, manifest, grants, documents and receipts, each a closed set, each under the number
// of its check.

import { type Bytes, decode, digest, text, utf8 } from "./bytes.ts";
import { type Json, read } from "./closed.ts";
import { type Dictionary, own } from "./dictionary.ts";
import { must, named } from "./fault.ts";
import { type PublicKey, TYP, verify } from "./gate.ts";
import {
  CONTENT_DEPTH, type Container, type Content, DEPTH, type Envelope, type GrantContent, MAX_BODY, MAX_FIELDS, MAX_GRANTS, MAX_LIFE,
  MAX_MANIFEST, MAX_RECEIPT, MAX_SECTIONS, MIN_LIFE, type Manifest, type Receipt, SKEW, placeOf,
} from "./packet.ts";
import {
  AGREEMENT, CATEGORY, CERTIFICATE, DIGEST, FIELD, JUSTIFICATION, ORGANISATION, PACKET, PURPOSE, RECEIPT, REFERRAL, SALT,
  SECTION, SERVICE, SUBJECT, TAG, WORD, among, anyText, anything, closedSet, flag, like, list, map, whole,
} from "./shape.ts";
import { type Moment, ofSeconds, seconds } from "./time.ts";

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
