// A sender, a recipient, their keys, and a packet that can be made wrong in one place.

import { type Bytes, decode, digest, encode, newId, random, text, utf8 } from "../src/gateway/bytes.ts";
import type { Json } from "../src/gateway/closed.ts";
import { type PrivateKey, TYP, importPublic, sealDirect, sealTo, sign, unseal } from "../src/gateway/gate.ts";
import type { Container } from "../src/gateway/packet.ts";

/** A private key as the Rust writes it: the public members and `d`. */
export interface SecretJwk {
  kty: string;
  crv: string;
  x: string;
  y: string;
  use: "sig" | "enc";
  alg: string;
  kid: string;
  d: string;
}

export async function privateKey({ kty, crv, x, y, d, use, kid }: SecretJwk): Promise<PrivateKey> {
  const name = use === "sig" ? "ECDSA" : "ECDH";
  const usages: KeyUsage[] = use === "sig" ? ["sign"] : ["deriveBits"];
  const key = await crypto.subtle.importKey("jwk", { kty, crv, x, y, d }, { name, namedCurve: crv }, false, usages);
  return { kid, key };
}

/** Only what is public of a key. */
export const publicOf = ({ d: _secret, ...jwk }: SecretJwk): Omit<SecretJwk, "d"> => jwk;

export async function freshKey(use: "sig" | "enc"): Promise<SecretJwk> {
  const name = use === "sig" ? "ECDSA" : "ECDH";
  const usages: KeyUsage[] = use === "sig" ? ["sign", "verify"] : ["deriveBits"];
  const pair = (await crypto.subtle.generateKey({ name, namedCurve: "P-256" }, true, usages)) as CryptoKeyPair;
  const { x = "", y = "", d = "" } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  const kid = await digest(`{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`);
  return { kty: "EC", crv: "P-256", x, y, use, alg: use === "sig" ? "ES256" : "ECDH-ES+A256KW", kid, d };
}

/** What a forger has: every key there is. */
export interface Forger {
  packet: Container;
  sender: string;
  recipient: string;
  signing: SecretJwk;
  recipientSigning: SecretJwk;
  node: SecretJwk;
  /** The sender's reader keys, then the recipient's, each for a role. */
  readers: { organisation: string; role: string; key: SecretJwk }[];
  /** The moment, in seconds. */
  at: number;
}

type Members = Record<string, any>;

export const claimsOf = (token: string): Members => JSON.parse(text(decode(token.split(".")[1] ?? ""))) as Members;

interface Section {
  key: Bytes;
  document?: Members;
  file?: Bytes;
}

/** A packet taken apart. Change what is to be wrong, then [`build`]: everything that follows from it is made right again. */
export interface Forge {
  forger: Forger;
  manifest: Members;
  sections: Section[];
  grants: { reader: number; plaintext: Members }[];
  envelope: Members;
  contentSigner: SecretJwk;
  envelopeSigner: SecretJwk;
  /** Changes to the envelope after lengths and digests were filled in. */
  last: (envelope: Members) => void;
}

export async function takeApart(forger: Forger): Promise<Forge> {
  const { packet, readers } = forger;
  const envelope = claimsOf(packet.envelope);
  const grants = [];
  for (const [place, stated] of (envelope["grants"] as Members[]).entries()) {
    const reader = readers.findIndex(({ key }) => key.kid === stated["kid"]);
    const key = await privateKey(readers[reader]?.key as SecretJwk);
    const plaintext = JSON.parse(text(await unseal(packet.grants[place] ?? "", "grant", 4_096, key))) as Members;
    grants.push({ reader, plaintext });
  }
  const own = grants.find(({ reader }) => readers[reader]?.organisation === forger.sender)?.plaintext["keys"] as Members;
  const sections: Section[] = [];
  for (const [place, token] of packet.sections.entries()) {
    const key = decode(own[`s${place}`] as string);
    const plaintext = await unseal(token ?? "", "section", 7_000_000, key);
    const isDocument = text(decode((token ?? "").split(".")[0] ?? "")).includes("cty");
    sections.push(isDocument ? { key, document: claimsOf(text(plaintext)) } : { key, file: plaintext });
  }
  const manifest = JSON.parse(text(decode(packet.manifest))) as Members;
  const { signing } = forger;
  return { forger, manifest, sections, grants, envelope, contentSigner: signing, envelopeSigner: signing, last: () => {} };
}

const json = (value: unknown): Bytes => utf8(JSON.stringify(value));

export async function build(forge: Forge): Promise<Container> {
  const { forger, envelope } = forge;
  const contentSigner = await privateKey(forge.contentSigner);
  const sections: string[] = [];
  for (const { key, document, file } of forge.sections) {
    const plaintext = document === undefined ? (file as Bytes) : utf8(await sign(contentSigner, TYP.content, json(document)));
    sections.push(await sealDirect(key, "section", plaintext, document === undefined ? undefined : TYP.content));
  }
  const grants: string[] = [];
  for (const { reader, plaintext } of forge.grants) {
    const key = await importPublic(publicOf(forger.readers[reader]?.key as SecretJwk));
    grants.push(await sealTo(key, "grant", json(plaintext)));
  }
  const manifest = json(forge.manifest);
  envelope["manifest"] = await digest(manifest);
  for (const [place, token] of grants.entries()) envelope["grants"][place].h = await digest(token);
  for (const [place, token] of sections.entries()) {
    Object.assign(envelope["sections"][place], { h: await digest(token), len: token.length });
  }
  const container: Container = { v: 1, envelope: "", manifest: encode(manifest), grants, sections };
  forge.last(envelope);
  container.envelope = await resign(forge.envelopeSigner, envelope);
  return container;
}

export const resign = async (signer: SecretJwk, claims: unknown): Promise<string> =>
  sign(await privateKey(signer), TYP.envelope, json(claims));

export async function receiptFor({ node, at }: Forger, container: Container, change: Members = {}): Promise<string> {
  let re: unknown;
  try {
    re = claimsOf(container.envelope)["jti"];
  } catch {
    // An envelope that is none has no id.
  }
  const claims = {
    v: 1, jti: newId("rcp", at * 1_000_000), iss: "rhn:zz:test", re: typeof re === "string" ? re : newId("pkt", at * 1_000_000),
    h: await digest(container.envelope), evt: "accepted", at, ...change,
  };
  return sign(await privateKey(node), TYP.receipt, json(claims));
}

/** A packet that is wrong in one place, and the number of the check that finds it. */
export interface Wrong {
  name: string;
  expected: number;
  body: string;
  receipt: string;
}

const withHeader = (token: string, change: (header: Members) => Members): string => {
  const [header = "", ...rest] = token.split(".");
  return [encode(json(change(JSON.parse(text(decode(header))) as Members))), ...rest].join(".");
};

const flip = (token: string, part: number): string => {
  const parts = token.split(".");
  const old = parts[part] ?? "";
  parts[part] = (old.startsWith("A") ? "B" : "A") + old.slice(1);
  return parts.join(".");
};

/** Every check a recipient makes, failed once or more often. */
export async function wrongs(forger: Forger): Promise<Wrong[]> {
  const found: Wrong[] = [];
  const nobody = await digest("nobody");
  const stranger = newId("org", forger.at * 1_000_000);
  const other = await takeApart(forger).then(build);

  const put = async (name: string, expected: number, container: Container | string, receipt?: string): Promise<void> => {
    const made = typeof container === "string" ? (JSON.parse(JSON.stringify(other)) as Container) : container;
    const body = typeof container === "string" ? container : JSON.stringify(container);
    found.push({ name, expected, body, receipt: receipt ?? (await receiptFor(forger, made)) });
  };
  const forged = async (name: string, expected: number, change: (forge: Forge) => void): Promise<void> => {
    const forge = await takeApart(forger);
    change(forge);
    await put(name, expected, await build(forge));
  };
  const claim = (name: string, expected: number, last: (envelope: Members) => void): Promise<void> =>
    forged(name, expected, (forge) => void (forge.last = last));
  const swapped = async (name: string, expected: number, change: (container: Container) => void): Promise<void> => {
    const container = JSON.parse(JSON.stringify(other)) as Container;
    change(container);
    await put(name, expected, container);
  };
  const document = ({ sections }: Forge, has: (document: Members) => boolean): Members =>
    sections.find(({ document }) => document !== undefined && has(document))?.document as Members;
  const named = (forge: Forge): Members => document(forge, ({ data }) => "ZP.1a" in data);
  const withFile = (forge: Forge): Members => document(forge, ({ files }) => files.length > 0);
  const intake = ({ grants, forger }: Forge): Members =>
    grants.find(({ reader }) => {
      const { organisation, role } = forger.readers[reader] ?? {};
      return organisation === forger.recipient && role === "intake";
    })?.plaintext as Members;

  await forged("nothing", 0, () => {});
  const good = JSON.stringify(other);
  for (const [name, body] of [
    ["an array", "[]"], ["no JSON", "{"], ["twice", good + good], ["an unknown member", good.replace('"v":1', '"v":1,"x":1')],
    ["a member twice", good.replace('"v":1', '"v":1,"v":1')], ["a version as text", good.replace('"v":1', '"v":"1"')],
    ["a version as 1.0", good.replace('"v":1', '"v":1.0')], ["no manifest", good.replace('"manifest"', '"manifesto"')],
    ["a null grant", good.replace(/"grants":\["[^"]*"/, '"grants":[null')],
    ["an escape", good.replace('"envelope":"e', '"envelope":"\\u0065')], ["a byte order mark", `\ufeff${good}`],
    ["text after it", `${good}x`],
  ] as const) await put(name, 101, body);
  await put("another version", 102, good.replace('"v":1', '"v":2'));
  await swapped("no grants", 102, (c) => void (c.grants = []));
  await swapped("17 sections", 102, (c) => void (c.sections = Array.from({ length: 17 }, () => "x")));
  await swapped("33 grants", 102, (c) => void (c.grants = Array.from({ length: 33 }, () => "x")));

  const token = other.envelope;
  const header = token.split(".")[0] ?? "";
  for (const [name, check, envelope] of [
    ["an envelope of one part", 110, "x"], ["a part too many", 110, `${token}.`], ["a character less", 110, token.slice(1)],
    ["a long payload", 110, `${header}.${"A".repeat(16_001)}.${"A".repeat(86)}`],
    ["loose bits", 110, `${token.slice(0, -1)}${token.endsWith("B") ? "C" : "B"}`], ["padding", 110, `${token}=`],
    ["a long header", 110, `${encode(utf8(" ".repeat(400)))}${token}`],
    ["a header that is no JSON", 111, `${encode(utf8("x"))}.${token.split(".").slice(1).join(".")}`],
    ["a header member twice", 111, `${encode(utf8('{"alg":"ES256","alg":"ES256"}'))}.${token.split(".").slice(1).join(".")}`],
    ["crit", 111, withHeader(token, (h) => ({ ...h, crit: ["x"] }))],
    ["no kid", 111, withHeader(token, ({ kid: _gone, ...h }) => h)],
    ["a kid of another form", 111, withHeader(token, (h) => ({ ...h, kid: "short" }))],
    ["ES384", 112, withHeader(token, (h) => ({ ...h, alg: "ES384" }))], ["none", 112, withHeader(token, (h) => ({ ...h, alg: "none" }))],
    ["another typ", 113, withHeader(token, (h) => ({ ...h, typ: "rp1-content+jws" }))],
    ["no typ", 113, withHeader(token, ({ typ: _gone, ...h }) => h)],
    ["an unknown key", 120, withHeader(token, (h) => ({ ...h, kid: nobody }))],
    ["a reader's key", 121, withHeader(token, (h) => ({ ...h, kid: forger.readers[0]?.key.kid }))],
    ["a header in another order", 123, withHeader(token, ({ alg, kid, typ }) => ({ typ, kid, alg }))],
    ["another signature", 123, flip(token, 2)], ["zeros for a signature", 123, `${token.slice(0, -86)}${"A".repeat(86)}`],
  ] as const) await swapped(name, check, (c) => void (c.envelope = envelope));

  for (const [name, last] of [
    ["no subject", (e) => delete e["sub"]], ["an unknown claim", (e) => (e["unknown"] = 1)], ["null", (e) => (e["re"] = null)],
    ["version 2", (e) => (e["v"] = 2)], ["a fraction", (e) => (e["iat"] = 1.5)], ["a time as text", (e) => (e["exp"] = "1790000000")],
    ["an id of another kind", (e) => (e["iss"] = `ref_${"0".repeat(32)}`)], ["another kind", (e) => (e["kind"] = "gossip")],
    ["a sentence", (e) => (e["purpose"] = "because she is ill")], ["a mode as object", (e) => (e["mode"] = { consent: 1 })],
    ["an array for an object", (e) => (e["dsa"] = [e["dsa"].id, 1, e["dsa"].h])], ["sections in disorder", (e) => (e["sections"][0].id = "s1")],
    ["free text", (e) => (e["grants"][0].note = "free text")], ["untold without a parent", (e) => (e["att"] = { untold: true })],
    ["ten approvals", (e) => (e["att"] = { approvals: 10 })], ["a digest with loose bits", (e) => (e["manifest"] = `${"A".repeat(42)}B`)],
    ["a negative length", (e) => (e["sections"][0].len = -1)],
  ] as [string, (e: Members) => unknown][]) await claim(name, 200, last);
  await claim("another issuer", 201, (e) => void (e["iss"] = forger.recipient));
  await claim("made in the future", 204, (e) => void (e["iat"] = forger.at + 301));
  await claim("a short life", 205, (e) => void (e["exp"] = e["iat"] + 59));
  await claim("a long life", 205, (e) => void (e["exp"] = e["iat"] + 2_592_001));
  await claim("expired", 205, (e) => void Object.assign(e, { iat: forger.at - 10_000, exp: forger.at - 300 }));
  await claim("another manifest", 207, (e) => void (e["manifest"] = nobody));
  for (const [name, change] of [
    ["a manifest of version 2", (m) => (m["v"] = 2)], ["an unknown field", (m) => (m["fields"][0].f = "ZP.none")],
    ["another category", (m) => (m["fields"][0].c = "K14")], ["a section that is not there", (m) => (m["fields"][0].sec = "s15")],
    ["a field twice", (m) => m["fields"].push(m["fields"][0])], ["a manifest member more", (m) => (m["x"] = 1)],
    ["a source without a parent", (m) => (m["fields"][0].s = "own")],
    ["401 fields", (m) => (m["fields"] = Array.from({ length: 401 }, (_, n) => ({ ...m["fields"][0], f: `ZP.${n}` })))],
  ] as [string, (m: Members) => unknown][]) await forged(name, 207, ({ manifest }) => void change(manifest));
  await swapped("a manifest that is no base64url", 207, (c) => void (c.manifest = `${c.manifest}=`));
  await swapped("a grant less", 210, (c) => void c.grants.pop());
  await swapped("a section less", 210, (c) => void c.sections.pop());
  await swapped("another section", 211, (c) => void (c.sections[0] = `${c.sections[0]}A`));
  await claim("another length", 211, (e) => void (e["sections"][0].len = 1));
  await swapped("another grant", 212, (c) => void (c.grants[0] = `${c.grants[0]}A`));

  const shaped = async (name: string, expected: number, list: "grants" | "sections", make: (token: string) => string): Promise<void> => {
    const container = JSON.parse(JSON.stringify(other)) as Container;
    const token = make(container[list][0] as string);
    container[list][0] = token;
    const claims = claimsOf(container.envelope);
    claims[list][0].h = await digest(token);
    if (list === "sections") claims[list][0].len = token.length;
    container.envelope = await resign(forger.signing, claims);
    await put(name, expected, container);
  };
  const header_ = (change: Members) => (token: string): string => withHeader(token, (h) => ({ ...h, ...change }));
  await shaped("a grant with zip", 214, "grants", header_({ zip: "DEF" }));
  await shaped("a grant with apu", 214, "grants", header_({ apu: "AAAA" }));
  await shaped("a grant with dir", 214, "grants", header_({ alg: "dir" }));
  await shaped("a grant for another key", 214, "grants", header_({ kid: nobody }));
  await shaped("a grant of another curve", 214, "grants", (token) => withHeader(token, (h) => ({ ...h, epk: { ...h["epk"], crv: "P-384" } })));
  await shaped("a grant of three parts", 214, "grants", () => "x.y.z");
  await shaped("a section with zip", 215, "sections", header_({ zip: "DEF" }));
  await shaped("a section with another enc", 215, "sections", header_({ enc: "A128GCM" }));
  await shaped("a section with p2s", 215, "sections", header_({ alg: "PBES2-HS256+A128KW", p2s: "AAAA", p2c: 1 }));
  await shaped("a section with a kid", 215, "sections", header_({ kid: nobody }));
  await shaped("a section with a short tag", 215, "sections", (token) => token.slice(0, -2));
  await shaped("a section that does not open", 305, "sections", (token) => flip(token, 2));

  await forged("no grant for us", 300, (forge) => {
    forge.last = (e) => {
      for (const grant of e["grants"]) if (grant.aud === forger.recipient) grant.aud = stranger;
    };
  });
  await forged("a grant of version 2", 302, (f) => void (intake(f)["v"] = 2));
  await forged("a grant member more", 302, (f) => void (intake(f)["extra"] = 1));
  await forged("a key for s99", 302, (f) => void (intake(f)["keys"].s99 = "A".repeat(43)));
  await forged("a grant of another issuer", 303, (f) => void (intake(f)["iss"] = forger.recipient));
  await forged("a grant for another reader", 303, (f) => void (intake(f)["aud"] = forger.sender));
  await forged("a grant of another packet", 303, (f) => void (intake(f)["jti"] = newId("pkt", 0)));
  await forged("a short key", 304, (f) => void (intake(f)["keys"].s0 = "AAAA"));
  await forged("another key", 304, (f) => void (intake(f)["keys"].s0 = "A".repeat(43)));
  await swapped("a section that was not served", 305, (c) => void (c.sections[0] = null));
  const unknown = await freshKey("sig");
  await forged("content of an unknown key", 306, (f) => void (f.contentSigner = unknown));
  await forged("content of the recipient's key", 307, (f) => void (f.contentSigner = forger.recipientSigning));
  for (const [member, value] of Object.entries({
    v: 2, iss: forger.recipient, aud: [forger.sender], jti: newId("pkt", 0), sec: "s15", extra: 1, salts: [], files: {},
  })) await forged(`content with another ${member}`, 307, (f) => void (named(f)[member] = value));
  await forged("a long document", 306, (f) => void (named(f)["pad"] = "0".repeat(32_768)));
  await forged("another file", 308, ({ sections }) => {
    for (const section of sections) if (section.file !== undefined) section.file[0] = (section.file[0] ?? 0) ^ 1;
  });
  for (const [member, value] of Object.entries({ size: 1, sha256: nobody, sec: "s15" })) {
    await forged(`a file of another ${member}`, 308, (f) => void (withFile(f)["files"][0][member] = value));
  }
  await forged("a file that is a document", 308, (f) => {
    withFile(f)["files"][0].sec = `s${f.sections.findIndex((section) => section.document !== undefined)}`;
  });
  await forged("a value that is no code", 309, (f) => void (document(f, ({ data }) => "ZP.4" in data)["data"]["ZP.4"] = "not a code"));
  await forged("another schema", 309, (f) => void (named(f)["sch"] = "other"));

  await put("no receipt", 310, other, "");
  for (const [name, change] of [
    ["a receipt of another packet", { re: newId("pkt", 0) }], ["a receipt of another envelope", { h: nobody }],
    ["a receipt that it was opened", { evt: "opened" }], ["a receipt of version 2", { v: 2 }],
    ["a receipt with a note", { note: { check: 311, fields: [], others: 1 } }],
  ] as [string, Members][]) await put(name, 310, other, await receiptFor(forger, other, change));
  await put("a receipt of the sender", 310, other, await receiptFor({ ...forger, node: forger.signing }, other));

  for (const [name, change] of [
    ["one more name", (f) => (named(f)["data"]["ZP.1b"] = "one more name")],
    ["something of no form", (f) => (named(f)["data"]["Amina-Canary-Phiri"] = "something of no form")],
    ["__proto__", (f) => Object.defineProperty(named(f)["data"], "__proto__", { value: "x", enumerable: true })],
    ["another name", (f) => (named(f)["data"]["ZP.1a"] = "another name")],
    ["a field less", (f) => delete named(f)["data"]["ZP.1a"]], ["a salt less", (f) => delete named(f)["salts"]["ZP.1a"]],
    ["another salt", (f) => (named(f)["salts"]["ZP.1a"] = encode(random(16)))],
    ["a file that nobody describes", (f) => withFile(f)["files"].pop()],
    ["a file of another name", (f) => (withFile(f)["files"][0].name = "another name.pdf")],
  ] as [string, (f: Forge) => unknown][]) await forged(name, 311, (f) => void change(f));
  return found;
}

/** One random change of a packet's bytes. */
export function spoilt(body: string): string {
  const at = Math.floor(Math.random() * body.length);
  const pieces = ["", "A", "B", ".", '"', ",", "{", "}", "[", "]", "1", "null", "é", "\\", " "];
  const piece = pieces[Math.floor(Math.random() * pieces.length)] ?? "";
  return body.slice(0, at) + piece + body.slice(at + Math.floor(Math.random() * 3));
}

export type { Json };
