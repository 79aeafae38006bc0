// Custody: which keys there are in a browser, how they are wrapped, and when they are put away.
//
// - The **device's signing key** is made on the device, cannot be taken out of it, and is never copied.
// - The **member's key** (ECDH, P-256) opens what is for this person. The browser holds it so that it cannot be taken out; what it can
//   be got back from lies at the hub, wrapped, at least twice: under a drawn passphrase, and under a recovery code on paper.
// - An **organisation's reader key**, one for each role, is wrapped to each entitled member's key.
//
// The hub keeps wraps and can open none. What it says of their parameters is a floor here and never obeyed.
//
// # The formats
//
// A private key is written as its JWK: exactly `kty crv x y use alg kid d`, as `throughline key` writes it.
//
// **A wrap under a passphrase** is JSON of exactly
//
//     {"v":1,"kdf":"PBKDF2-SHA256","rounds":600000,"salt":"<22>","jwe":"<compact JWE>"}
//
// `jwe` is `dir`/A256GCM with the header `{"alg":"dir","enc":"A256GCM","typ":"rp1-keyring+jwe"}` over the private JWK, under the 32 bytes
// of PBKDF2-HMAC-SHA256 (RFC 8018) over the passphrase, `salt` (16 bytes, base64url) and `rounds`. The passphrase is taken in Unicode
// form NFKD, in lower case, its words with one blank between them, as UTF-8.
//
// **A wrap under a recovery code** is JSON of exactly
//
//     {"v":1,"kdf":"HKDF-SHA256","salt":"<22>","jwe":"<compact JWE>"}
//
// The same, under the 32 bytes of HKDF-SHA256 (RFC 5869) over the 20 bytes of the code, `salt`, and the info `throughline recovery code`.
// The code is those 160 bits in Crockford's base32, 32 letters, and a 33rd after Luhn's rule for 32 letters.
//
// **A keyring** is a compact JWE in the form of a grant, ECDH-ES+A256KW and A256GCM, with the `typ` `rp1-keyring+jwe` and the member's
// key as `kid`, over JSON of exactly
//
//     {"v":1,"org":"<org>","role":"<reader role>","member":"<kid of the member's key>","jwk":{…}}

import { type Bytes, decode, encode, random, text, utf8 } from "./bytes.ts";
import { read } from "./closed.ts";
import { MEMBER } from "./directory-keys.ts";
import {
  type PrivateKey, type PublicJwk, type PublicKey, TYP, checkJwk, importPublic, sealDirect, sealTo, sign, thumbprint, unseal, verify,
} from "./gate.ts";
import { plainPassphrase, recoveryBytes } from "./secrets.ts";
import { DIGEST, ORGANISATION, SALT, WORD, among, anyText, anything, closedSet, whole } from "./shape.ts";
import type { Store } from "./store.ts";

/** The fewest rounds that are worked with, whoever asks for fewer. */
export const LEAST_ROUNDS = 600_000;
/** The most: a hub must not be able to keep a device busy for hours. */
const MOST_ROUNDS = 10_000_000;
const MAX_WRAP = 8_192;
/** Under which role an organisation's root key is handed to its key holders. */
export const ROOT = "root";
/** Under which role a member's key stands in its organisation's statement. */
export { MEMBER };
const DEPTH = 3;
const RECOVERY_INFO = "throughline recovery code";

export interface PassphraseWrap {
  v: 1;
  kdf: "PBKDF2-SHA256";
  rounds: number;
  salt: string;
  jwe: string;
}

export interface RecoveryWrap {
  v: 1;
  kdf: "HKDF-SHA256";
  salt: string;
  jwe: string;
}

const PASSPHRASE_WRAP = closedSet({
  v: whole(1, 1), kdf: among("PBKDF2-SHA256"), rounds: whole(LEAST_ROUNDS, MOST_ROUNDS), salt: SALT, jwe: anyText,
});
const RECOVERY_WRAP = closedSet({ v: whole(1, 1), kdf: among("HKDF-SHA256"), salt: SALT, jwe: anyText });
const KEYRING = closedSet({ v: whole(1, 1), org: ORGANISATION, role: WORD, member: DIGEST, jwk: anything });
const SECRET_JWK = closedSet({
  kty: among("EC"), crv: among("P-256"), x: DIGEST, y: DIGEST, use: among("sig", "enc"), alg: among("ES256", "ECDH-ES+A256KW"),
  kid: DIGEST, d: DIGEST,
});

/** Why a key was not got back. One sentence for each, and nothing of the key in any. */
export class KeyFault extends Error {
  readonly reason: "parameters" | "wrong" | "other_key";

  constructor(reason: KeyFault["reason"]) {
    super(
      reason === "parameters" ? "what the hub holds of this key asks for less than is safe"
      : reason === "wrong" ? "this does not open the key"
      : "this is another key than the one that was named",
    );
    this.name = "KeyFault";
    this.reason = reason;
  }
}

/** A key made here: the public half to be stated, the private half as it stays in the browser. */
export interface MadeKey {
  jwk: PublicJwk;
  key: PrivateKey;
}

async function stated(key: CryptoKey, use: "sig" | "enc"): Promise<PublicJwk> {
  const { x = "", y = "" } = await crypto.subtle.exportKey("jwk", key);
  const alg = use === "sig" ? "ES256" : "ECDH-ES+A256KW";
  return { kty: "EC", crv: "P-256", x, y, use, alg, kid: await thumbprint(x, y) };
}

/** A new signing key of this device. It cannot be taken out of the browser, and is never copied. */
export async function newDeviceKey(): Promise<MadeKey> {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const jwk = await stated(pair.publicKey, "sig");
  return { jwk, key: { kid: jwk.kid, key: pair.privateKey } };
}

/** A private key as text: to be wrapped at once, and never kept. */
type SecretJwk = string;

async function newSecret(use: "sig" | "enc" = "enc"): Promise<{ jwk: PublicJwk; secret: SecretJwk }> {
  const pair =
    use === "sig"
      ? await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"])
      : await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
  const jwk = await stated(pair.publicKey, use);
  const { d = "" } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  return { jwk, secret: JSON.stringify({ ...jwk, d }) };
}

/** The key, so that it cannot be taken out again. It must be the one that was named, and do what its public half undoes. */
async function imported(secret: SecretJwk, kid: string, use: "sig" | "enc" = "enc"): Promise<PrivateKey> {
  const jwk: unknown = read(secret, DEPTH);
  if (!SECRET_JWK(jwk as never)) throw new KeyFault("wrong");
  const { d, ...open } = jwk as PublicJwk & { d: string };
  const { x, y } = open;
  if (open.kid !== kid || open.use !== use || (await thumbprint(x, y)) !== kid) throw new KeyFault("other_key");
  try {
    const whole = { kty: "EC", crv: "P-256", x, y, d };
    if (use === "sig") {
      const key = await crypto.subtle.importKey("jwk", whole, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
      const once = await sign({ kid, key }, TYP.directory, utf8("once"));
      await verify(once, TYP.directory, MAX_WRAP, () => importPublic({ ...open }));
      return { kid, key };
    }
    const key = await crypto.subtle.importKey("jwk", whole, { name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
    const once = await sealTo(await importPublic({ ...open }), "keyring", utf8("once"));
    await unseal(once, "keyring", MAX_WRAP, { kid, key });
    return { kid, key };
  } catch {
    throw new KeyFault("other_key");
  }
}

async function fromPassphrase(passphrase: string, salt: Bytes, rounds: number): Promise<Bytes> {
  const from = await crypto.subtle.importKey("raw", plainPassphrase(passphrase), "PBKDF2", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds }, from, 256);
  return new Uint8Array(bits);
}

async function fromRecoveryCode(code: string, salt: Bytes): Promise<Bytes> {
  const from = await crypto.subtle.importKey("raw", recoveryBytes(code), "HKDF", false, ["deriveBits"]);
  const how = { name: "HKDF", hash: "SHA-256", salt, info: utf8(RECOVERY_INFO) };
  return new Uint8Array(await crypto.subtle.deriveBits(how, from, 256));
}

async function underPassphrase(secret: SecretJwk, passphrase: string): Promise<PassphraseWrap> {
  const salt = random(16);
  const key = await fromPassphrase(passphrase, salt, LEAST_ROUNDS);
  const jwe = await sealDirect(key, "wrap", utf8(secret));
  return { v: 1, kdf: "PBKDF2-SHA256", rounds: LEAST_ROUNDS, salt: encode(salt), jwe };
}

async function underRecoveryCode(secret: SecretJwk, code: string): Promise<RecoveryWrap> {
  const salt = random(16);
  const jwe = await sealDirect(await fromRecoveryCode(code, salt), "wrap", utf8(secret));
  return { v: 1, kdf: "HKDF-SHA256", salt: encode(salt), jwe };
}

/** By what a member's key is got back: the wrap the hub keeps, and what opens it. */
export type By = { wrap: PassphraseWrap; passphrase: string } | { wrap: RecoveryWrap; code: string };

async function secretBy(by: By): Promise<SecretJwk> {
  let key: Bytes;
  if ("passphrase" in by) {
    if (!PASSPHRASE_WRAP(by.wrap as never)) throw new KeyFault("parameters");
    key = await fromPassphrase(by.passphrase, decode(by.wrap.salt), by.wrap.rounds);
  } else {
    if (!RECOVERY_WRAP(by.wrap as never)) throw new KeyFault("parameters");
    key = await fromRecoveryCode(by.code, decode(by.wrap.salt));
  }
  try {
    return text(await unseal(by.wrap.jwe, "wrap", MAX_WRAP, key));
  } catch {
    throw new KeyFault("wrong");
  }
}

/** A member's key, made here, with the wraps for the hub to keep. */
export interface MadeMember extends MadeKey {
  passphrase: PassphraseWrap;
  recovery: RecoveryWrap;
}

/** Makes a member's key and wraps it under a drawn passphrase and a recovery code. */
export async function newMember(passphrase: string, code: string): Promise<MadeMember> {
  const { jwk, secret } = await newSecret();
  const [under, paper] = await Promise.all([underPassphrase(secret, passphrase), underRecoveryCode(secret, code)]);
  return { jwk, key: await imported(secret, jwk.kid), passphrase: under, recovery: paper };
}

/** Gets a member's key back. `kid` is the key that was named outside of the wrap. */
export const openMember = async (kid: string, by: By): Promise<PrivateKey> => imported(await secretBy(by), kid);

/** The same key under another passphrase; got back by the one of before or by the recovery code. */
export async function newPassphrase(kid: string, by: By, passphrase: string): Promise<PassphraseWrap> {
  const secret = await secretBy(by);
  await imported(secret, kid);
  return underPassphrase(secret, passphrase);
}

/** The same key under another recovery code: the sheet of before opens only the wrap of before, which the hub then forgets. */
export async function newRecovery(kid: string, by: By, code: string): Promise<RecoveryWrap> {
  const secret = await secretBy(by);
  await imported(secret, kid);
  return underRecoveryCode(secret, code);
}

/** A reader key of an organisation, wrapped to each entitled member. Whoever makes it keeps nothing of it. */
export interface MadeReader {
  jwk: PublicJwk;
  /** By the member's key. */
  keyrings: Record<string, string>;
}

export async function newReader(org: string, role: string, members: PublicKey[]): Promise<MadeReader> {
  const { jwk, secret } = await newSecret();
  const keyrings: Record<string, string> = {};
  for (const member of members) keyrings[member.kid] = await keyring(org, role, member, secret);
  return { jwk, keyrings };
}

/** A root key of an organisation, sealed to whoever makes it. It could be taken out only until it was sealed, within this call. */
export async function newRoot(org: string, member: PublicKey): Promise<{ jwk: PublicJwk; token: string }> {
  const { jwk, secret } = await newSecret("sig");
  return { jwk, token: await keyring(org, ROOT, member, secret) };
}

const keyring = (org: string, role: string, member: PublicKey, secret: SecretJwk): Promise<string> =>
  sealTo(member, "keyring", utf8(JSON.stringify({ v: 1, org, role, member: member.kid, jwk: JSON.parse(secret) as unknown })));

/** Which reader key is meant: as the organisation's verified statement names it. */
export interface NamedReader {
  org: string;
  role: string;
  kid: string;
}

async function secretOf(token: string, member: PrivateKey, { org, role }: NamedReader): Promise<SecretJwk> {
  let said: unknown;
  try {
    said = read(await unseal(token, "keyring", MAX_WRAP, member), DEPTH);
  } catch {
    throw new KeyFault("wrong");
  }
  if (!KEYRING(said as never)) throw new KeyFault("wrong");
  const keys = said as { org: string; role: string; member: string; jwk: unknown };
  if (keys.org !== org || keys.role !== role || keys.member !== member.kid) throw new KeyFault("other_key");
  return JSON.stringify(keys.jwk);
}

/** A reader key that was wrapped to us, so that it cannot be taken out again. */
export const openReader = async (token: string, member: PrivateKey, named: NamedReader): Promise<PrivateKey> =>
  imported(await secretOf(token, member, named), named.kid);

/** The organisation's root key, for one of its key holders: it signs statements about keys, and cannot be taken out. */
export const openRoot = async (token: string, member: PrivateKey, { org, kid }: { org: string; kid: string }): Promise<PrivateKey> =>
  imported(await secretOf(token, member, { org, role: ROOT, kid }), kid, "sig");

/**
 * Wraps a key that was wrapped to us to another member. Only to a key in a verified statement, after its comparison code was
 * compared outside of the hub: that is what `compared` says, and nothing is wrapped without it.
 */
export async function handOn(
  token: string,
  member: PrivateKey,
  named: NamedReader,
  to: PublicKey & { compared: true },
): Promise<string> {
  const secret = await secretOf(token, member, named);
  await imported(secret, named.kid, named.role === ROOT ? "sig" : "enc");
  return keyring(named.org, named.role, to, secret);
}

/** How long a key stays open after it was last used, in milliseconds: 30 minutes, and five on a device that others use. */
export const IDLE = 30 * 60_000;
export const IDLE_SHARED = 5 * 60_000;

interface Kept {
  member: PrivateKey;
  /** When it is put away, in milliseconds since 1970. */
  until: number;
}

/** The key is put away: the passphrase, or the recovery code, opens it again. */
export class Locked extends Error {
  constructor() {
    super("the key is put away");
    this.name = "Locked";
  }
}

/**
 * The keys on this device. The member's key is in the store only while it is open, so that the next page finds it, and is removed from
 * it when its time is over, whichever page notices first. Neither it nor the signing key can be taken out of the browser.
 */
export class Custody {
  private readonly store: Store;
  private readonly clock: () => number;
  private readonly idle: number;

  constructor(store: Store, clock: () => number, idle = IDLE) {
    this.store = store;
    this.clock = clock;
    this.idle = idle;
  }

  /** The device's signing key, made now if there was none. */
  async device(): Promise<MadeKey> {
    const before = (await this.store.get("device")) as MadeKey | undefined;
    if (before !== undefined) return before;
    const made = await newDeviceKey();
    // Whoever was faster made the key of this device: another one may be announced already.
    return (await this.store.change("device", (one) => one ?? made)) as MadeKey;
  }

  /** Another signing key in the place of the one there is: what was once revoked is never stated again. */
  async renewDevice(): Promise<MadeKey> {
    await this.store.remove("device");
    return this.device();
  }

  /** Opens the member's key for as long as it is used. */
  async open(member: PrivateKey): Promise<void> {
    await this.store.put("member", { member, until: this.clock() + this.idle } satisfies Kept);
  }

  /** The member's key, and a new beginning of its time. */
  async member(): Promise<PrivateKey> {
    if ((await this.left()) === 0) throw new Locked();
    // What was put away at this moment stays away.
    const longer = (kept: unknown): Kept | undefined => (kept === undefined ? undefined : { ...(kept as Kept), until: this.clock() + this.idle });
    const kept = (await this.store.change("member", longer)) as Kept | undefined;
    if (kept === undefined) throw new Locked();
    return kept.member;
  }

  /** How long the key is still open, in milliseconds; 0 when it is put away. Looking at it does not lengthen it. */
  async left(): Promise<number> {
    const kept = (await this.store.get("member")) as Kept | undefined;
    const left = kept === undefined ? 0 : kept.until - this.clock();
    // A clock that was turned back does not lengthen it.
    if (left > 0 && left <= this.idle) return left;
    if (kept !== undefined) await this.lock();
    return 0;
  }

  /** Puts the member's key away. */
  lock(): Promise<void> {
    return this.store.remove("member");
  }

  /** Forgets everything on this device, for one that is handed on. */
  forget(): Promise<void> {
    return this.store.clear();
  }
}

/** Looks at a key that is to be wrapped to, and answers it as compared. Call it from the page on which somebody said that it is the same. */
export async function compared(jwk: unknown): Promise<PublicKey & { compared: true }> {
  await checkJwk(jwk);
  return { ...(await importPublic(jwk)), compared: true };
}
