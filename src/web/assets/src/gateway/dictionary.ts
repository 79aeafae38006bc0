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
  | { kind: "code"; codes: string[] }
  | { kind: "file"; max: number; media: string[] };

/** A field of the dictionary. */
export interface Field {
  category: string;
  /** 0 to 4: how sensitive it is, by itself. */
  level: number;
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
  /** The reader roles of each compartment. */
  compartments: Record<string, string[]>;
}

/** A member of an object that came from outside: never one of the prototype. */
export const own = <T>(of: Record<string, T>, name: string): T | undefined =>
  Object.hasOwn(of, name) ? of[name] : undefined;

/** Whether a value is one that the field takes. */
export function takes({ shape, many }: Field, value: Json): boolean {
  if (many === undefined) return one(shape, value);
  return Array.isArray(value) && value.length <= many && value.every((item) => one(shape, item));
}

function one(shape: ValueShape, value: Json): boolean {
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
      return shape.codes.includes(value);
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
