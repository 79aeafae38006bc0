// Bytes, base64url, digests, random numbers: the words everything else here is built from.

/** Bytes as WebCrypto wants them: in memory of their own. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** The text is not canonical base64url, or not UTF-8. Says nothing of it. */
export class NotBytes extends Error {
  constructor() {
    super("the text is not of the expected encoding");
  }
}

/** The bytes of a text. */
export const utf8 = (text: string): Bytes => new TextEncoder().encode(text);

/** The text of bytes that are UTF-8 and nothing else; a byte order mark stays and is refused by whoever reads on. */
export function text(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new NotBytes();
  }
}

/** Characters of one call: more would not fit among the arguments. */
const AT_ONCE = 0x8000;

/** Base64url without padding. */
export function encode(bytes: Uint8Array): string {
  let binary = "";
  for (let from = 0; from < bytes.length; from += AT_ONCE) {
    binary += String.fromCharCode(...bytes.subarray(from, from + AT_ONCE));
  }
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Canonical base64url: no padding, no blanks, and no bits at the end that mean nothing. */
export function decode(written: string): Bytes {
  const loose = written.length % 4;
  const last = ALPHABET.indexOf(written.charAt(written.length - 1));
  const spare = loose === 2 ? last & 15 : loose === 3 ? last & 3 : 0;
  if (loose === 1 || spare !== 0 || !/^[\w-]*$/.test(written)) throw new NotBytes();
  const binary = atob(written.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = new Uint8Array(binary.length);
  for (let place = 0; place < binary.length; place++) bytes[place] = binary.charCodeAt(place);
  return bytes;
}

/** SHA-256 as base64url, 43 characters. */
export async function digest(of: string | Bytes): Promise<string> {
  const bytes = typeof of === "string" ? utf8(of) : of;
  return encode(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

/** Random bytes fit for keys and salts. */
export const random = (count: number): Bytes => crypto.getRandomValues(new Uint8Array(count));

/** A new id: UUIDv7 (RFC 9562) with the prefix of its kind. `at` is a moment in microseconds. */
export function newId(prefix: string, at: number): string {
  const bytes = random(16);
  let millis = Math.floor(at / 1000);
  for (let place = 5; place >= 0; place--) {
    bytes[place] = millis % 256;
    millis = Math.floor(millis / 256);
  }
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return `${prefix}_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
