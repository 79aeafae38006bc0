// Closed JSON: one document, no repeated member, nothing that two libraries could read differently.
//
// `JSON.parse` keeps the last of two members of the same name, takes 1.0 for 1, and lets `__proto__` through. What was signed is judged
// by its bytes, so each of these is refused here: a member twice at any depth; `null`, unless it is asked for; a number that is no
// integer within ±(2⁵³ − 1), or is written in another way than with digits; half of a character; deeper nesting than allowed; anything
// after the document. Objects have no prototype.

import { text as utf8Text } from "./bytes.ts";

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** The document is not of the closed form. Says nothing of its content. */
export class NotClosed extends Error {
  constructor() {
    super("not one JSON document of the expected form");
  }
}

/** Reads a document of at most `depth` nested objects and arrays. */
export function read(document: string | Uint8Array, depth: number, nulls = false): Json {
  let source: string;
  try {
    source = typeof document === "string" ? document : utf8Text(document);
  } catch {
    throw new NotClosed();
  }
  const reader = new Reader(source, nulls);
  const value = reader.value(depth);
  if (reader.peek() !== "") throw new NotClosed();
  return value;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?![\d.eE])/y;
const WORDS: [string, Json][] = [["true", true], ["false", false], ["null", null]];

class Reader {
  private place = 0;
  private readonly source: string;
  private readonly nulls: boolean;

  constructor(source: string, nulls: boolean) {
    this.source = source;
    this.nulls = nulls;
  }

  /** The next character that is no blank; nothing at the end. */
  peek(): string {
    while (" \t\n\r".includes(this.source.charAt(this.place) || "x")) this.place++;
    return this.source.charAt(this.place);
  }

  private take(expected: string): boolean {
    if (this.peek() !== expected) return false;
    this.place++;
    return true;
  }

  private must(holds: boolean): void {
    if (!holds) throw new NotClosed();
  }

  value(depth: number): Json {
    const first = this.peek();
    if (first === "{" || first === "[") {
      this.must(depth > 0);
      this.place++;
      return first === "{" ? this.members(depth - 1) : this.items(depth - 1);
    }
    if (first === '"') return this.string();
    for (const [word, value] of WORDS) {
      if (this.source.startsWith(word, this.place)) {
        this.must(value !== null || this.nulls);
        this.place += word.length;
        return value;
      }
    }
    return this.number();
  }

  private items(depth: number): Json[] {
    const items: Json[] = [];
    if (this.take("]")) return items;
    do items.push(this.value(depth));
    while (this.take(","));
    this.must(this.take("]"));
    return items;
  }

  private members(depth: number): Json {
    const members: { [name: string]: Json } = Object.create(null) as { [name: string]: Json };
    if (this.take("}")) return members;
    do {
      this.must(this.peek() === '"');
      const name = this.string();
      this.must(!(name in members) && this.take(":"));
      members[name] = this.value(depth);
    } while (this.take(","));
    this.must(this.take("}"));
    return members;
  }

  private string(): string {
    const from = this.place;
    let escaped = false;
    let end = from + 1;
    for (; ; end++) {
      const code = this.source.charCodeAt(end);
      // Past the end there is no number.
      this.must(code >= 0x20);
      if (code === 0x22) break;
      if (code === 0x5c) {
        escaped = true;
        end++;
      }
    }
    this.place = end + 1;
    if (!escaped) return this.source.slice(from + 1, end);
    let string: string;
    try {
      string = JSON.parse(this.source.slice(from, end + 1)) as string;
    } catch {
      throw new NotClosed();
    }
    this.must(isWhole(string));
    return string;
  }

  private number(): number {
    NUMBER.lastIndex = this.place;
    const written = NUMBER.exec(this.source)?.[0] ?? "";
    const number = Number(written);
    this.must(written !== "" && written !== "-0" && Number.isSafeInteger(number));
    this.place += written.length;
    return number;
  }
}

/** Whether a text has no half of a character in it, which UTF-8 cannot hold. */
export const isWhole = (text: string): boolean => !/\p{Surrogate}/u.test(text);

/**
 * Canonical JSON (RFC 8785, for what may stand in a packet): members sorted by name, no blanks, integers as digits. Nothing when the
 * value has no such form: `null`, a fraction, half of a character, a member name that is not printable ASCII.
 */
export function canonical(value: Json): string | undefined {
  if (value === null) return undefined;
  if (typeof value === "string") return isWhole(value) ? JSON.stringify(value) : undefined;
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : undefined;
  if (typeof value === "boolean") return String(value);
  const parts: string[] = [];
  if (Array.isArray(value)) {
    for (const item of value) {
      const part = canonical(item);
      if (part === undefined) return undefined;
      parts.push(part);
    }
    return `[${parts.join()}]`;
  }
  for (const name of Object.keys(value).sort()) {
    const part = canonical(value[name] ?? null);
    if (part === undefined || !/^[ -~]*$/.test(name)) return undefined;
    parts.push(`${JSON.stringify(name)}:${part}`);
  }
  return `{${parts.join()}}`;
}
