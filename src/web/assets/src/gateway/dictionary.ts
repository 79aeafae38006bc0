// The part of the policy that a page was given: what its fields are, who reads them, and whether they may go to one service for one
// purpose. The hub takes it out of the policy it judges by, so that a page needs not carry the whole.

import type { Json } from "./closed.ts";
import { isWhole } from "./closed.ts";
import { isObject } from "./shape.ts";
import { isDay } from "./time.ts";

/** What a value of a field looks like. */
export type ValueShape =
  | { kind: "text" | "prose" | "count"; max: number }
  | { kind: "date" | "month" | "time" | "flag" }
  | { kind: "code"; choices: string }
  | { kind: "file"; max: number; media: string[] };

/** The worst that can credibly come of disclosure; in the order of the alphabet. */
export type Level = "S0" | "S1" | "S2" | "S3" | "S4";

/** A field of the dictionary. */
export interface Field {
  category: string;
  /** How sensitive it is, by itself. */
  level: Level;
  compartment: string;
  shape: ValueShape;
  /** The most values of a field that takes several. */
  many?: number;
}

/** What a packet is sealed and read by. */
export interface Dictionary {
  /** The version, as manifests name it. */
  dictionary: string;
  fields: Record<string, Field>;
  /** Lists of codes, by the name their fields know them by. */
  choices: Record<string, string[]>;
  /** The reader roles of each compartment. */
  compartments: Record<string, string[]>;
}

/** A member of an object that came from outside: never one of the prototype. */
export const own = <T>(of: Record<string, T>, name: string): T | undefined =>
  Object.hasOwn(of, name) ? of[name] : undefined;

/** Whether a value is one that the field takes. */
export function takes(by: Dictionary, { shape, many }: Field, value: Json): boolean {
  if (many === undefined) return one(by, shape, value);
  return Array.isArray(value) && value.length <= many && value.every((item) => one(by, shape, item));
}

function one(by: Dictionary, shape: ValueShape, value: Json): boolean {
  switch (shape.kind) {
    case "count":
      return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= shape.max;
    case "flag":
      return typeof value === "boolean";
    case "file": {
      if (!isObject(value) || Object.keys(value).length !== 2) return false;
      const { name, media } = value;
      return isFileName(name) && typeof media === "string" && shape.media.includes(media);
    }
  }
  if (typeof value !== "string") return false;
  switch (shape.kind) {
    case "text":
      return fits(value, shape.max, /\p{Cc}/u);
    case "prose":
      return fits(value, shape.max, /[^\P{Cc}\n\t]/u);
    case "date":
      return isDay(value);
    case "month":
      return isDay(`${value}-01`);
    case "time":
      return /^(?:[01]\d|2[0-3]):[0-5]\d$/.test(value);
    case "code":
      return own(by.choices, shape.choices)?.includes(value) === true;
  }
}

/** A text that is not blank, is short enough in characters, and has none of what is not allowed. */
export const fits = (text: string, max: number, forbidden: RegExp): boolean =>
  /\P{White_Space}/u.test(text) && [...text].length <= max && isWhole(text) && !forbidden.test(text);

function isFileName(name: Json | undefined): boolean {
  if (typeof name !== "string") return false;
  const length = new TextEncoder().encode(name).length;
  return length >= 1 && length <= 120 && !name.startsWith(".") && !/[\p{Cc}/\\:]/u.test(name);
}
