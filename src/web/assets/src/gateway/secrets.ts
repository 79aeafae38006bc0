// What a person keeps: the drawn passphrase, the recovery code on paper, and the code two people compare.

import { type Bytes, random, utf8 } from "./bytes.ts";

/** How many words a passphrase is drawn of, at least: 54 bits, for whoever tries them out against 600,000 rounds each. */
export const LEAST_WORDS = 5;

/** A number below a bound, each as likely as any other. */
function below(bound: number): number {
  const whole = 65_536 - (65_536 % bound);
  for (;;) {
    const [high = 0, low = 0] = random(2);
    const drawn = high * 256 + low;
    // What is beyond the last whole round would make some numbers likelier.
    if (drawn < whole) return drawn % bound;
  }
}

/** Draws a passphrase. People choose badly; dice do not. The list of words is fetched when it is needed and not before. */
export async function drawPassphrase(count = LEAST_WORDS): Promise<string> {
  const list = (await import("./words.ts")).words();
  return Array.from({ length: Math.max(count, LEAST_WORDS) }, () => list[below(list.length)]).join(" ");
}

/** A passphrase as it is worked with: case and blanks do not matter, and a letter counts however the keyboard made it. */
export const plainPassphrase = (typed: string): Bytes =>
  utf8(typed.normalize("NFKD").toLowerCase().trim().split(/\s+/u).join(" "));

/** Crockford's letters: none is taken for another. */
const LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const RECOVERY_BYTES = 20;

/** Base32, of bytes whose bits fill whole letters. */
function base32(bytes: Uint8Array): string {
  let [text, bits, held] = ["", 0, 0];
  for (const byte of bytes) {
    held = held * 256 + byte;
    bits += 8;
    for (; bits >= 5; held %= 2 ** bits) {
      bits -= 5;
      text += LETTERS.charAt(Math.floor(held / 2 ** bits));
    }
  }
  return text;
}

/** The letter that makes one wrong letter, and nearly every swap of two, show (Luhn's rule for 32 letters). */
function checkLetter(letters: string): string {
  let sum = 0;
  for (const [place, letter] of [...letters].reverse().entries()) {
    const value = LETTERS.indexOf(letter) * (place % 2 === 0 ? 2 : 1);
    sum += Math.floor(value / 32) + (value % 32);
  }
  return LETTERS.charAt((32 - (sum % 32)) % 32);
}

const grouped = (letters: string): string => letters.replace(/(.{4})(?=.)/g, "$1-");

/** A recovery code: 160 random bits as 32 letters, and a letter that checks them. */
export function drawRecoveryCode(): string {
  const letters = base32(random(RECOVERY_BYTES));
  return grouped(letters + checkLetter(letters));
}

/** The code was mistyped, or is none. */
export class NotACode extends Error {
  constructor() {
    super("this is not a recovery code: compare each letter with the sheet");
  }
}

/** The bytes of a code as somebody typed it: case, blanks and dashes do not matter, and O, I and L are read as the digits they look like. */
export function recoveryBytes(typed: string): Bytes {
  const code = typed.toUpperCase().replace(/[\s-]/gu, "").replaceAll("O", "0").replace(/[IL]/g, "1");
  const letters = code.slice(0, -1);
  if (!/^[0-9A-HJKMNP-TV-Z]{33}$/.test(code) || checkLetter(letters) !== code.slice(-1)) throw new NotACode();
  const bytes = new Uint8Array(RECOVERY_BYTES);
  let [place, bits, held] = [0, 0, 0];
  for (const letter of letters) {
    held = held * 32 + LETTERS.indexOf(letter);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[place++] = Math.floor(held / 2 ** bits);
    held %= 2 ** bits;
  }
  return bytes;
}

/** Whose key it is, on which device, and under which root key, as the one who computes it sees them. */
export interface Spoken {
  organisation: string;
  root: string;
  staff: string;
  member: string;
  device: string;
}

async function spoken(what: string, { organisation, root, staff, member, device }: Spoken, letters: number): Promise<string> {
  const text = utf8(`throughline ${what}\n${organisation}\n${root}\n${staff}\n${member}\n${device}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  return grouped(base32(digest.slice(0, 10)).slice(0, letters));
}

/**
 * A short code that a person reads to a key holder outside of the hub: 60 bits of a digest. A hub that hands out a key of its own would have
 * to make more keys than anybody can until one has the same code.
 */
export const comparisonCode = (of: Spoken): Promise<string> => spoken("member key", of, 12);

/**
 * What the key holder reads back, 40 bits of another digest over the same: so the person's device learns that it sees the root key that the
 * holder has, and not one that the hub made.
 */
export const answerCode = (of: Spoken): Promise<string> => spoken("key holder's answer", of, 8);

/**
 * What is read aloud of an organisation's root key: 80 bits of a digest, more than of the others, since it is the same for everybody and whoever
 * looks for a key with the same code has years.
 */
export async function rootCode(organisation: string, root: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(`throughline root key\n${organisation}\n${root}`)));
  return grouped(base32(digest.slice(0, 10)));
}

/** As somebody wrote down what they heard: case, blanks and hyphens do not matter, and O, I and L are the digits they look like. */
export const heard = (text: string): string => text.toUpperCase().replace(/[\s-]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");
