// The strict gate: a compact token is taken apart with every check that can be made before any cryptography, and only then handed to
// `jose`, which by itself would take short tags, other algorithms, and headers nobody asked for.
//
// Order: length, number of parts, length of each part, canonical base64url, a header of exactly the allowed members, algorithm, type,
// key from our own store. The numbers are those of the packet format's validation order; whoever reads another token than an envelope
// gives them another name.

import { CompactEncrypt } from "jose/jwe/compact/encrypt";
import { compactDecrypt } from "jose/jwe/compact/decrypt";
import { CompactSign } from "jose/jws/compact/sign";
import { compactVerify } from "jose/jws/compact/verify";
import { type Bytes, decode, digest } from "./bytes.ts";
import { read } from "./closed.ts";
import { Refusal, must, named } from "./fault.ts";
import { DIGEST, type Members, anyText, anything, closedSet, isObject } from "./shape.ts";

/** What a token is for. A token of one type is never taken for another (RFC 8725 section 3.11). */
export const TYP = {
  envelope: "rp1-envelope+jws",
  grant: "rp1-grant+jwe",
  section: "rp1-section+jwe",
  content: "rp1-content+jws",
  receipt: "rp1-receipt+jws",
  scope: "rp1-scope+jws",
  directory: "rp1-directory+jws",
  keyring: "rp1-keyring+jwe",
  event: "rp1-event+jws",
  kept: "rp1-kept+jwe",
} as const;

const ES256 = "ES256";
const TO_A_KEY = "ECDH-ES+A256KW";
const GCM = "A256GCM";
const HEADER = 512;
const GRANT_HEADER = 1_024;

const SIGNED_HEADER = closedSet({ alg: anyText }, { kid: DIGEST, typ: anyText });
const SEALED_HEADER = closedSet(
  { alg: anyText, enc: anyText },
  { kid: DIGEST, typ: anyText, cty: anyText, epk: closedSet({ kty: anyText, crv: anyText, x: anyText, y: anyText }) },
);

/** A public key, and the thumbprint it goes by. */
export interface PublicKey {
  kid: string;
  key: CryptoKey;
}

/** A private key of ours. It never shows itself: the browser keeps its numbers. */
export type PrivateKey = PublicKey;

/** A public key as it is written: exactly these members. */
export interface PublicJwk {
  kty: "EC";
  crv: "P-256";
  x: string;
  y: string;
  use: "sig" | "enc";
  alg: "ES256" | "ECDH-ES+A256KW";
  kid: string;
}

/** A key is not what it must be. Never quotes it. */
export class BadKey extends Error {
  constructor() {
    super("a key is a JWK with exactly kty EC, crv P-256, x, y, use, alg and its own thumbprint as kid");
  }
}

const JWK = closedSet(
  { kty: anyText, crv: anyText, x: anyText, y: anyText, use: anyText, alg: anyText, kid: DIGEST },
  // Browsers add these two; they mean nothing here.
  { key_ops: anything, ext: anything },
);

/** The thumbprint of a point (RFC 7638). */
export const thumbprint = (x: string, y: string): Promise<string> =>
  digest(`{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`);

/** Looks at a public key that came from outside. Whether its numbers are a point of the curve shows when it is imported. */
export async function checkJwk(value: unknown): Promise<PublicJwk> {
  const jwk = value as Members;
  const fits = JWK(jwk) && jwk["kty"] === "EC" && jwk["crv"] === "P-256";
  const purpose = `${jwk["use"]} ${jwk["alg"]}`;
  if (!fits || (purpose !== `sig ${ES256}` && purpose !== `enc ${TO_A_KEY}`)) throw new BadKey();
  const { kty, crv, x, y, use, alg, kid } = jwk as unknown as PublicJwk;
  if (!DIGEST(x) || !DIGEST(y) || (await thumbprint(x, y)) !== kid) throw new BadKey();
  return { kty, crv, x, y, use, alg, kid };
}

/** A public key, ready to verify with or to encrypt to. */
export async function importPublic(value: unknown): Promise<PublicKey> {
  const { kty, crv, x, y, use, kid } = await checkJwk(value);
  const name = use === "sig" ? "ECDSA" : "ECDH";
  try {
    const algorithm = { name, namedCurve: crv };
    const key = await crypto.subtle.importKey("jwk", { kty, crv, x, y }, algorithm, true, use === "sig" ? ["verify"] : []);
    return { kid, key };
  } catch {
    throw new BadKey();
  }
}

interface Signed {
  kid: string;
  payload: Bytes;
}

/** Takes a signed token apart. Nothing in it is to be believed before [`verify`]. */
export function peek(token: string, typ: string, max: number): Signed {
  must(110, token.length <= max);
  const parts = token.split(".");
  const [header = "", payload = "", signature = ""] = parts;
  must(110, parts.length === 3 && header.length >= 1 && header.length <= HEADER);
  must(110, signature.length === 86 && payload !== "");
  bytes(signature);
  const said = members(header, 1, SIGNED_HEADER);
  const content = bytes(payload);
  must(112, said["alg"] === ES256);
  must(113, said["typ"] === typ);
  must(111, typeof said["kid"] === "string");
  return { kid: said["kid"], payload: content };
}

/**
 * Verifies a signed token of at most `max` characters. `find` names the key for a thumbprint out of our own store; it is not asked
 * before everything else fits, and may refuse with a number of its own.
 */
export async function verify(
  token: string,
  typ: string,
  max: number,
  find: (kid: string) => PublicKey | undefined | Promise<PublicKey | undefined>,
): Promise<Signed> {
  const parts = peek(token, typ, max);
  const found = await find(parts.kid);
  must(120, found?.kid === parts.kid);
  await named(123, () => compactVerify(token, found.key, { algorithms: [ES256] }));
  return parts;
}

/** Signs as a compact JWS. */
export const sign = ({ kid, key }: PrivateKey, typ: string, payload: Uint8Array): Promise<string> =>
  new CompactSign(payload).setProtectedHeader({ alg: ES256, kid, typ }).sign(key);

/** The sealed tokens there are: to whoever holds a key, or under a key that is used for nothing else. */
export const SEALS = {
  /** Section keys for one reader. */
  grant: { typ: TYP.grant, toAKey: true },
  /** A section of a packet. */
  section: { typ: TYP.section, toAKey: false },
  /** A private key, for one member. */
  keyring: { typ: TYP.keyring, toAKey: true },
  /** What an organisation keeps at the hub, sealed to itself. */
  kept: { typ: TYP.kept, toAKey: true },
  /** What somebody has not finished writing, on their device. */
  draft: { typ: TYP.kept, toAKey: false },
  /** A private key under a passphrase or a recovery code. */
  wrap: { typ: TYP.keyring, toAKey: false },
} as const;
export type Seal = keyof typeof SEALS;

interface Sealed {
  kid: string | undefined;
  /** Whether a section says that it holds a signed document. */
  isDocument: boolean;
}

/** Looks at the form of a sealed token, without opening it. */
export function shapeOf(token: string, seal: Seal, max: number): Sealed {
  const { typ, toAKey } = SEALS[seal];
  must(110, token.length <= max);
  const parts = token.split(".");
  const [header = "", key = "", iv = "", ciphertext = "", tag = ""] = parts;
  must(110, parts.length === 5 && header.length >= 1 && header.length <= (toAKey ? GRANT_HEADER : HEADER));
  must(110, key.length === (toAKey ? 54 : 0) && iv.length === 16 && tag.length === 22 && ciphertext !== "");
  for (const part of [key, iv, tag]) bytes(part);
  const said = members(header, 2, SEALED_HEADER);
  bytes(ciphertext);
  must(112, said["alg"] === (toAKey ? TO_A_KEY : "dir") && said["enc"] === GCM);
  const { cty, kid, epk } = said;
  must(113, said["typ"] === typ && (cty === undefined || (seal === "section" && cty === TYP.content)));
  must(111, (kid !== undefined) === toAKey && (epk !== undefined) === toAKey);
  if (isObject(epk)) {
    must(111, epk["kty"] === "EC" && epk["crv"] === "P-256");
    must(111, String(epk["x"]).length === 43 && String(epk["y"]).length === 43);
  }
  return { kid: kid as string | undefined, isDocument: cty !== undefined };
}

/** Opens a sealed token of at most `max` characters, whose form is looked at first. One number for every reason. */
export async function unseal(token: string, seal: Seal, max: number, key: PrivateKey | Bytes): Promise<Bytes> {
  const { kid } = shapeOf(token, seal, max);
  const direct = key instanceof Uint8Array;
  must(120, direct || kid === key.kid);
  const allowed = { keyManagementAlgorithms: [direct ? "dir" : TO_A_KEY], contentEncryptionAlgorithms: [GCM] };
  const { plaintext } = await named(301, () => compactDecrypt(token, direct ? key : key.key, allowed));
  return new Uint8Array(plaintext);
}

/** Seals under a key that is used for nothing else. */
export function sealDirect(key: Uint8Array, seal: Seal, plaintext: Uint8Array, cty?: string): Promise<string> {
  const header = { alg: "dir", enc: GCM, typ: SEALS[seal].typ, ...(cty === undefined ? {} : { cty }) };
  return new CompactEncrypt(plaintext).setProtectedHeader(header).encrypt(key);
}

/** Seals to whoever holds the private half of a key. */
export const sealTo = ({ kid, key }: PublicKey, seal: Seal, plaintext: Uint8Array): Promise<string> =>
  new CompactEncrypt(plaintext).setProtectedHeader({ alg: TO_A_KEY, enc: GCM, kid, typ: SEALS[seal].typ }).encrypt(key);

function bytes(part: string): Bytes {
  try {
    return decode(part);
  } catch {
    throw new Refusal(110);
  }
}

function members(header: string, depth: number, shape: (value: Members) => boolean): Members {
  let said: unknown;
  try {
    said = read(bytes(header), depth);
  } catch (refused) {
    throw refused instanceof Refusal ? refused : new Refusal(111);
  }
  must(111, shape(said as Members));
  return said as Members;
}
