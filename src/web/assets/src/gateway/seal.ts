// Sealing: what was released is grouped by compartment, each document signed, each section encrypted under a key of its own, the keys
// granted to the readers, and the envelope signed. Bytes that the Rust takes, and the other way round.

import { type Bytes, digest, encode, newId, random, utf8 } from "./bytes.ts";
import type { Json } from "./closed.ts";
import { type Dictionary, type Field, fits, own, takes } from "./dictionary.ts";
import { type PrivateKey, type PublicKey, TYP, sealDirect, sealTo, sign } from "./gate.ts";
import {
  type Attested, type Content, DOCUMENT_SIZES, type Envelope, FIELDS_SCHEMA, type FileNote, GENERAL, MAX_BODY,
  MAX_ENVELOPE_PAYLOAD, MAX_FIELDS, MAX_FILE, MAX_GRANTS, MAX_LIFE, MAX_MANIFEST, MAX_SECTIONS, MIN_LIFE, type ManifestField,
  commitment,
} from "./packet.ts";
import { type Moment, seconds } from "./time.ts";

/** Why a draft is not sealed. Names fields and compartments, never a value. */
export class DraftFault extends Error {
  readonly reason: Reason;
  readonly about: string | undefined;

  constructor(reason: Reason, about?: string) {
    super(about === undefined ? reason : `${reason}: ${about}`);
    this.name = "DraftFault";
    this.reason = reason;
    this.about = about;
  }
}

export type Reason =
  | "recipients" | "life" | "unknown_field" | "twice" | "value" | "file_too_large" | "file_name" | "no_grant" | "nobody_reads"
  | "too_many" | "document_too_large" | "not_released" | "no_value";

/** What may go, as [`release`] found it. Sealing demands one. */
export interface Release {
  /** When the consent it rests on ends. */
  until?: Moment;
  sender: string;
  recipient: string;
  purpose: string;
  service: string;
  urgency: string;
  retention: string;
  onward: string;
  subject: string;
  agreement: { id: string; version: number; digest: string };
  certificate: { id: string; digest: string };
  /** The fields that may be sent, each with why it is needed beyond the minimum set. */
  fields: { field: string; justification?: string }[];
  attested: Attested;
}

/** A reader: a key of the recipient or of the sender. A recipient's opens what its role reads; the sender's, everything. */
export interface Reader {
  organisation: string;
  role: string;
  key: PublicKey;
}

export interface LetterFile {
  field: string;
  name: string;
  mime: string;
  bytes: Bytes;
}

/** What is to be sealed beyond what the release says. */
export interface Letter {
  kind: "referral" | "update" | "reply";
  /** The packet it refers to. */
  re?: string;
  made: Moment;
  /** When it ends; brought forward to the end of the consent. */
  expires: Moment;
  referral: string;
  minset: string;
  /** A value for each released field that is no file. */
  values: Record<string, Json>;
  files: LetterFile[];
  readers: Reader[];
}

export interface Sealed {
  id: string;
  /** The body, `application/rp1+json`. */
  body: string;
  /** Digest of its envelope: the packet's identity next to its id. */
  envelope: string;
}

interface Share {
  fields: [string, Field, Json, string | undefined][];
  files: [string, Field, LetterFile, string | undefined][];
}

/** Seals exactly the released fields: one that is not released is refused by name, and so is a released one without a value. */
export async function seal(release: Release, letter: Letter, signer: PrivateKey, by: Dictionary): Promise<Sealed> {
  const made = seconds(letter.made);
  const exp = seconds(Math.min(letter.expires, release.until ?? letter.expires));
  if (exp - made < MIN_LIFE || exp - made > MAX_LIFE) throw new DraftFault("life");
  if (release.recipient === release.sender) throw new DraftFault("recipients");
  const shares = layOut(release, letter, by);
  const readers = grantees(release, letter, [...shares.keys()], by);
  const press = new Press(release, newId("pkt", letter.made), signer);
  for (const [compartment, share] of shares) await press.document(compartment, share);
  const manifest = utf8(JSON.stringify({ v: 1, dict: by.dictionary, minset: letter.minset, fields: press.fields }));
  const encoded = encode(manifest);
  if (press.fields.length > MAX_FIELDS || encoded.length > MAX_MANIFEST) throw new DraftFault("too_many", "fields");
  const grants = await Promise.all(readers.map((reader) => press.grant(reader)));
  const { attested } = release;
  const envelope: Envelope = {
    v: 1,
    jti: press.id,
    kind: letter.kind,
    ...(letter.re === undefined ? {} : { re: letter.re }),
    iss: release.sender,
    aud: [release.recipient],
    iat: made,
    exp,
    ref: letter.referral,
    sub: release.subject,
    dsa: { id: release.agreement.id, ver: release.agreement.version, h: release.agreement.digest },
    mode: "consent",
    scope: { id: release.certificate.id, h: release.certificate.digest },
    purpose: release.purpose,
    service: release.service,
    urgency: release.urgency,
    retention: release.retention,
    onward: release.onward,
    ...(Object.keys(attested).length === 0 ? {} : { att: attested }),
    manifest: await digest(manifest),
    grants: grants.map(({ stated }) => stated),
    sections: press.sections.map(({ stated }) => stated),
  };
  const payload = utf8(JSON.stringify(envelope));
  if (encode(payload).length > MAX_ENVELOPE_PAYLOAD) throw new DraftFault("too_many", "recipients");
  const token = await sign(signer, TYP.envelope, payload);
  const body = JSON.stringify({
    v: 1,
    envelope: token,
    manifest: encoded,
    grants: grants.map((grant) => grant.token),
    sections: press.sections.map((section) => section.token),
  });
  if (body.length > MAX_BODY) throw new DraftFault("too_many", "large files");
  return { id: press.id, body, envelope: await digest(token) };
}

/** The letter, sorted into compartments: the general one first, which is always there, the others by name. */
function layOut(release: Release, letter: Letter, by: Dictionary): Map<string, Share> {
  const shares = new Map<string, Share>([[GENERAL, { fields: [], files: [] }]]);
  const share = (field: Field): Share => {
    const found = shares.get(field.compartment) ?? { fields: [], files: [] };
    shares.set(field.compartment, found);
    return found;
  };
  const known = (id: string): Field => {
    const field = own(by.fields, id);
    if (field === undefined) throw new DraftFault("unknown_field", id);
    return field;
  };
  const released = new Map(release.fields.map(({ field, justification }) => [field, justification]));
  if (released.size !== release.fields.length) throw new DraftFault("twice");
  for (const id of [...Object.keys(letter.values), ...letter.files.map(({ field }) => field)]) {
    if (!released.has(id)) throw new DraftFault("not_released", id);
  }
  for (const [id, why] of released) {
    const field = known(id);
    const value = own(letter.values, id);
    const files = letter.files.filter((file) => file.field === id);
    if (value === undefined && files.length === 0) throw new DraftFault("no_value", id);
    if (value !== undefined) {
      if (field.shape.kind === "file" || !takes(by, field, value)) throw new DraftFault("value", id);
      share(field).fields.push([id, field, value, why]);
    }
    for (const file of files) {
      checkFile(id, field, file);
      share(field).files.push([id, field, file, why]);
    }
  }
  const others = [...shares].filter(([name]) => name !== GENERAL);
  others.sort(([one], [other]) => (one < other ? -1 : 1));
  return new Map([...[...shares].filter(([name]) => name === GENERAL), ...others]);
}

function checkFile(id: string, { shape }: Field, { name, mime, bytes }: LetterFile): void {
  if (shape.kind !== "file") throw new DraftFault("value", id);
  if (bytes.length === 0 || bytes.length > Math.min(shape.max, MAX_FILE)) throw new DraftFault("file_too_large", id);
  if (!fits(name, 120, /\p{Cc}/u) || !shape.media.includes(mime)) throw new DraftFault("file_name", id);
}

/** A reader and the compartments of this packet that it may open. */
interface Grantee {
  reader: Reader;
  compartments: string[];
}

/** The readers that get a grant: those who may open something that is there, and the sender, who may open everything. */
function grantees({ sender, recipient }: Release, letter: Letter, compartments: string[], by: Dictionary): Grantee[] {
  const granted: Grantee[] = [];
  for (const reader of letter.readers) {
    const isSender = reader.organisation === sender;
    if (!isSender && reader.organisation !== recipient) throw new DraftFault("no_grant");
    const reads = (name: string): boolean => isSender || own(by.compartments, name)?.includes(reader.role) === true;
    const opens = compartments.filter(reads);
    if (opens.length > 0) granted.push({ reader, compartments: opens });
  }
  const of = (organisation: string): Grantee[] => granted.filter(({ reader }) => reader.organisation === organisation);
  for (const name of compartments) {
    if (!of(recipient).some((one) => one.compartments.includes(name))) throw new DraftFault("nobody_reads", name);
  }
  if (of(sender).length === 0 || of(recipient).length === 0) throw new DraftFault("no_grant");
  if (granted.length > MAX_GRANTS) throw new DraftFault("too_many", "grants");
  return granted;
}

/** Makes sections and grants, and keeps count of them. */
class Press {
  readonly fields: ManifestField[] = [];
  readonly sections: { stated: Envelope["sections"][number]; token: string; key: Bytes }[] = [];
  readonly id: string;
  private readonly release: Release;
  private readonly signer: PrivateKey;

  constructor(release: Release, id: string, signer: PrivateKey) {
    this.release = release;
    this.id = id;
    this.signer = signer;
  }

  private next(): string {
    if (this.sections.length >= MAX_SECTIONS) throw new DraftFault("too_many", "sections");
    return `s${this.sections.length}`;
  }

  private async section(role: string, plaintext: Bytes, cty?: string): Promise<string> {
    const id = this.next();
    // Random, used once, and committed to in the envelope: A256GCM by itself does not commit to a key.
    const key = random(32);
    const token = await sealDirect(key, "section", plaintext, cty);
    const stated = { id, role, len: token.length, h: await digest(token), kc: await digest(key) };
    this.sections.push({ stated, token, key });
    return id;
  }

  private async list(f: string, c: string, sec: string, value: Json, why: string | undefined): Promise<string> {
    const salt = encode(random(16));
    const n = await commitment(f, salt, value);
    if (n === undefined) throw new DraftFault("value", f);
    this.fields.push({ f, c, sec, n, ...(why === undefined ? {} : { j: why }) });
    return salt;
  }

  /** Seals a compartment: its files first, then the document that holds its fields and describes the files. */
  async document(compartment: string, share: Share): Promise<void> {
    const salts: Record<string, string> = {};
    const files: FileNote[] = [];
    for (const [id, field, { name, mime, bytes }, why] of share.files) {
      const sec = await this.section(compartment, bytes);
      const note = { sec, name, mime, size: bytes.length, sha256: await digest(bytes) };
      salts[sec] = await this.list(id, field.category, sec, note, why);
      files.push(note);
    }
    const sec = this.next();
    const data: Record<string, Json> = {};
    for (const [id, field, value, why] of share.fields) {
      salts[id] = await this.list(id, field.category, sec, value, why);
      data[id] = value;
    }
    const { sender: iss, recipient } = this.release;
    const content: Content = { v: 1, iss, aud: [recipient], jti: this.id, sec, sch: FIELDS_SCHEMA, data, salts, files, pad: "" };
    const bare = utf8(JSON.stringify(content)).length;
    const size = DOCUMENT_SIZES.find((size) => bare <= size);
    if (size === undefined) throw new DraftFault("document_too_large", compartment);
    content.pad = "0".repeat(size - bare);
    const signed = await sign(this.signer, TYP.content, utf8(JSON.stringify(content)));
    await this.section(compartment, utf8(signed), TYP.content);
  }

  async grant({ reader, compartments }: Grantee): Promise<{ token: string; stated: Envelope["grants"][number] }> {
    const keys: Record<string, string> = {};
    for (const { stated, key } of this.sections) if (compartments.includes(stated.role)) keys[stated.id] = encode(key);
    const { organisation: aud, role, key } = reader;
    const token = await sealTo(key, "grant", utf8(JSON.stringify({ v: 1, iss: this.release.sender, aud, jti: this.id, keys })));
    return { token, stated: { aud, role, kid: key.kid, h: await digest(token) } };
  }
}
