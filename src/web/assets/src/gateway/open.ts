// Opening at the recipient: the hub's checks again as far as a recipient can make them, then 300 to 311. No plaintext leaves before all
// of them have passed.

import { type Bytes, decode, digest, newId, text, utf8 } from "./bytes.ts";
import type { Json } from "./closed.ts";
import { type Dictionary, own, takes } from "./dictionary.ts";
import { type KnownKeys, maySign } from "./directory-keys.ts";
import { Quarantined, Refusal, must, named } from "./fault.ts";
import { type PrivateKey, type PublicKey, TYP, shapeOf, sign, unseal, verify } from "./gate.ts";
import {
  type Container, type Content, type Envelope, FIELDS_SCHEMA, MAX_CONTENT, MAX_DOCUMENT, MAX_DOCUMENT_SECTION, MAX_ENVELOPE,
  MAX_ENVELOPE_PAYLOAD, MAX_FILE_SECTION, MAX_GRANT, type Manifest, type ManifestField, type Receipt, commitment, placeOf,
} from "./packet.ts";
import {
  judgeTimes, momentOf, readContainer, readContent, readEnvelope, readGrant, readManifest, readReceipt,
} from "./reading.ts";
import { FIELD } from "./shape.ts";
import { type Moment, seconds } from "./time.ts";

/** A desk: who reads, with which keys, against what. */
export interface Desk {
  organisation: string;
  /** The private keys at hand. */
  keys: PrivateKey[];
  /** Signs receipts and violation reports. */
  signer: PrivateKey;
  /** The key the node signs its receipts with. */
  node: PublicKey;
  /** The keys of others, verified. */
  known: KnownKeys;
  dictionary: Dictionary;
  now: Moment;
}

/** Whether this packet was opened here before: never, yes, or yes under this envelope digest and again on purpose. */
export type Reading = "first" | "repeated" | { again: string };

export interface OpenedFile {
  field: string;
  /** As the sender gave it: not a path, and not to be used as one. */
  name: string;
  mime: string;
  bytes: Bytes;
}

export interface Opened {
  envelope: Envelope;
  /** Digest of the envelope's token. */
  digest: string;
  manifest: Manifest;
  received: Moment;
  documents: { compartment: string; fields: Record<string, Json> }[];
  files: OpenedFile[];
  /**
   * Fields that the policy here does not know, or whose value it does not know, of a packet that was sealed by another policy: for a
   * person to look at, and not to be worked with.
   */
  unknown: Record<string, Json>;
  /** Sections that are not for our keys. */
  notForUs: string[];
}

/** Opens what the hub served, with the hub's receipt for it. */
export async function open(body: Bytes, receipt: string, reading: Reading, desk: Desk): Promise<Opened> {
  const container = readContainer(body);
  // The receipt comes first although its number is high: it says at which moment everything else is judged.
  const accepted = await readReceipt(receipt, desk.node);
  const received = momentOf(accepted);
  const { envelope, author } = await readSigned(container.envelope, received, desk.known);
  judgeTimes(envelope, received);
  const manifest = await readManifest(container.manifest, envelope, desk.dictionary);
  await judgeParts(envelope, container);
  const kinds = judgeShapes(envelope, container);
  const keys = await takeKeys(envelope, container, desk);
  const bench = new Bench(envelope, container, kinds, keys);
  const contents = await bench.documents(async (token) => {
    const find = (kid: string): Promise<PublicKey> => signingKey(kid, received, desk.known);
    const { kid, payload } = await named(306, () => verify(token, TYP.content, MAX_CONTENT, find));
    must(306, payload.length <= MAX_DOCUMENT);
    must(307, kid === author);
    return readContent(payload);
  });
  const files = await bench.files(contents);
  const itsOwn = manifest.dict === desk.dictionary.dictionary;
  for (const [, { sch, data }] of contents) {
    must(309, sch === FIELDS_SCHEMA);
    for (const name of itsOwn ? Object.keys(data) : []) {
      const field = own(desk.dictionary.fields, name);
      must(309, field === undefined || takes(desk.dictionary, field, data[name] as Json));
    }
  }
  const envelopeDigest = await digest(container.envelope);
  const taken = accepted.evt === "accepted" || accepted.evt === "delivered";
  must(310, taken && accepted.re === envelope.jti && accepted.h === envelopeDigest);
  must(310, reading === "first" || (typeof reading === "object" && reading.again === envelopeDigest));
  const note = await outside(manifest, contents, kinds, keys, desk.dictionary);
  if (note !== undefined) {
    throw new Quarantined(await report(desk, "violation", envelope.jti, envelopeDigest, note));
  }
  const opened: Opened = {
    envelope, digest: envelopeDigest, manifest, received, documents: [], files: [], unknown: {},
    notForUs: envelope.sections.map(({ id }) => id).filter((id) => !keys.has(id)),
  };
  for (const [compartment, { data }] of contents) {
    const fields: Record<string, Json> = {};
    for (const [id, value] of Object.entries(data)) {
      const field = own(desk.dictionary.fields, id);
      const isKnown = field !== undefined && takes(desk.dictionary, field, value);
      must(311, isKnown || !itsOwn);
      (isKnown ? fields : opened.unknown)[id] = value;
    }
    opened.documents.push({ compartment, fields });
  }
  for (const { sec, name, mime, bytes } of files) {
    const listed = manifest.fields.find((field) => field.sec === sec);
    must(311, listed !== undefined);
    opened.files.push({ field: listed.f, name, mime, bytes });
  }
  return opened;
}

/** Signs that this desk opened the packet, for the hub. */
export const receiptFor = ({ envelope, digest }: Opened, desk: Desk): Promise<string> =>
  report(desk, "opened", envelope.jti, digest);

function report(desk: Desk, evt: Receipt["evt"], re: string, h: string, note?: Receipt["note"]): Promise<string> {
  const [jti, iss, at] = [newId("rcp", desk.now), desk.organisation, seconds(desk.now)];
  const receipt: Receipt = { v: 1, jti, iss, re, h, evt, at, ...(note === undefined ? {} : { note }) };
  return sign(desk.signer, TYP.receipt, utf8(JSON.stringify(receipt)));
}

/** Checks 110 to 201. */
export async function readSigned(
  token: string,
  received: Moment,
  known: KnownKeys,
): Promise<{ envelope: Envelope; author: string }> {
  must(110, (token.split(".")[1] ?? "").length <= MAX_ENVELOPE_PAYLOAD);
  const { kid, payload } = await verify(token, TYP.envelope, MAX_ENVELOPE, (kid) => signingKey(kid, received, known));
  const envelope = readEnvelope(payload);
  must(201, known.key(kid)?.organisation === envelope.iss);
  return { envelope, author: kid };
}

/** Checks 120 to 122. */
function signingKey(kid: string, received: Moment, known: KnownKeys): Promise<PublicKey> {
  const record = known.key(kid);
  must(120, record !== undefined);
  must(121, record.jwk.use === "sig" && record.role === "sign");
  must(122, maySign(record, received));
  return known.imported(record);
}

/** Checks 210 to 212. */
async function judgeParts(envelope: Envelope, { grants, sections }: Container): Promise<void> {
  must(210, envelope.grants.length === grants.length && envelope.sections.length === sections.length);
  for (const [place, { len, h }] of envelope.sections.entries()) {
    const token = sections[place];
    if (typeof token === "string") must(211, utf8(token).length === len && (await digest(token)) === h);
  }
  for (const [place, { h }] of envelope.grants.entries()) must(212, (await digest(grants[place] ?? "")) === h);
}

/** What each section holds; nothing for one that was left out. */
type Kinds = ("document" | "file" | undefined)[];

/** Checks 214 and 215. */
function judgeShapes(envelope: Envelope, { grants, sections }: Container): Kinds {
  for (const [place, { kid }] of envelope.grants.entries()) {
    must(214, shape(214, () => shapeOf(grants[place] ?? "", "grant", MAX_GRANT)).kid === kid);
  }
  return sections.map((token) => {
    if (token === null) return undefined;
    const { isDocument } = shape(215, () => shapeOf(token, "section", MAX_FILE_SECTION));
    must(215, !isDocument || token.length <= MAX_DOCUMENT_SECTION);
    return isDocument ? "document" : "file";
  });
}

function shape<T>(check: number, look: () => T): T {
  try {
    return look();
  } catch {
    throw new Refusal(check);
  }
}

type SectionKeys = Map<string, Bytes>;

/** Checks 300 to 304: every grant that is for one of our keys. */
async function takeKeys(envelope: Envelope, container: Container, desk: Desk): Promise<SectionKeys> {
  const ours: SectionKeys = new Map();
  let any = false;
  for (const [place, stated] of envelope.grants.entries()) {
    const key = desk.keys.find(({ kid }) => kid === stated.kid);
    if (key === undefined || stated.aud !== desk.organisation) continue;
    any = true;
    const plaintext = await named(301, () => unseal(container.grants[place] ?? "", "grant", MAX_GRANT, key));
    const grant = await readGrant(plaintext);
    must(303, grant.iss === envelope.iss && grant.aud === stated.aud && grant.jti === envelope.jti);
    // In the order of their places, so that of two wrong ones the same is told everywhere.
    for (const id of Object.keys(grant.keys).sort((one, other) => placeOf(one) - placeOf(other))) {
      const bytes = await named(304, () => decode(grant.keys[id] ?? ""));
      const section = envelope.sections[placeOf(id)];
      must(304, bytes.length === 32 && section !== undefined && (await digest(bytes)) === section.kc);
      ours.set(id, bytes);
    }
  }
  must(300, any);
  return ours;
}

interface FoundFile {
  sec: string;
  name: string;
  mime: string;
  bytes: Bytes;
}

/** The sections on the table, and the keys to them. */
class Bench {
  private readonly envelope: Envelope;
  private readonly container: Container;
  private readonly kinds: Kinds;
  private readonly keys: SectionKeys;

  constructor(envelope: Envelope, container: Container, kinds: Kinds, keys: SectionKeys) {
    this.envelope = envelope;
    this.container = container;
    this.kinds = kinds;
    this.keys = keys;
  }

  /** Check 305. A section we have a key for and were not served counts as one that does not decrypt. */
  private decrypt(section: string, kind: "document" | "file"): Promise<Bytes> {
    const key = this.keys.get(section);
    const token = this.container.sections[placeOf(section)];
    must(305, key !== undefined && typeof token === "string" && this.kinds[placeOf(section)] === kind);
    const max = kind === "document" ? MAX_DOCUMENT_SECTION : MAX_FILE_SECTION;
    return named(305, () => unseal(token, "section", max, key));
  }

  /** Checks 305 to 307 for every document we have the key of. */
  async documents(verify: (token: string) => Promise<Content>): Promise<[string, Content][]> {
    const contents: [string, Content][] = [];
    for (const [place, { id, role }] of this.envelope.sections.entries()) {
      if (!this.keys.has(id) || this.kinds[place] === "file") continue;
      const plaintext = await this.decrypt(id, "document");
      const token = await named(306, () => text(plaintext));
      const content = await verify(token);
      const { iss, aud, jti } = this.envelope;
      const same = content.v === 1 && content.iss === iss && content.jti === jti && content.sec === id;
      must(307, same && content.aud.length === aud.length && content.aud.every((one, n) => one === aud[n]));
      contents.push([role, content]);
    }
    return contents;
  }

  /** Check 308: every described file is there and is the one described, in the compartment of its document. */
  async files(contents: [string, Content][]): Promise<FoundFile[]> {
    const found: FoundFile[] = [];
    for (const [compartment, content] of contents) {
      for (const { sec, name, mime, size, sha256 } of content.files) {
        const place = placeOf(sec);
        const here = this.envelope.sections[place]?.role === compartment && this.kinds[place] === "file";
        must(308, here && found.every((file) => file.sec !== sec));
        const bytes = await this.decrypt(sec, "file");
        must(308, bytes.length === size && (await digest(bytes)) === sha256);
        found.push({ sec, name, mime, bytes });
      }
    }
    return found;
  }
}

/** Check 311: what is inside and what the manifest lists for the sections we read are the same, value by value. */
async function outside(
  manifest: Manifest,
  contents: [string, Content][],
  kinds: Kinds,
  keys: SectionKeys,
  by: Dictionary,
): Promise<Receipt["note"]> {
  const fields = new Set<string>();
  let others = 0;
  const described = new Set<string>();
  for (const [, { sec, data, salts, files }] of contents) {
    const listed = manifest.fields.filter((field) => field.sec === sec);
    for (const name of Object.keys(data)) {
      if (listed.some(({ f }) => f === name)) continue;
      // Only words the sender's dictionary has: what an unlisted field is called may itself tell something.
      if (FIELD(name) && own(by.fields, name) !== undefined) fields.add(name);
      else others++;
    }
    for (const field of listed) {
      if (!(await holds(field, own(salts, field.f), own(data, field.f)))) fields.add(field.f);
    }
    for (const file of files) {
      described.add(file.sec);
      const listed = manifest.fields.filter((field) => field.sec === file.sec);
      const [field] = listed;
      if (field === undefined) others++;
      else if (listed.length > 1 || !(await holds(field, own(salts, file.sec), { ...file }))) fields.add(field.f);
    }
  }
  // A file we could read, in a compartment we could read, that no document describes.
  for (const id of keys.keys()) if (kinds[placeOf(id)] === "file" && !described.has(id)) others++;
  if (fields.size === 0 && others === 0) return undefined;
  return { check: 311, fields: [...fields].sort(), others };
}

async function holds({ f, n }: ManifestField, salt: string | undefined, value: Json | undefined): Promise<boolean> {
  return salt !== undefined && value !== undefined && (await commitment(f, salt, value)) === n;
}
