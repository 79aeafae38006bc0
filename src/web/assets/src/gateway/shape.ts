// The shapes of what is signed and sealed: closed sets of members, each looked at before anything is done with it.

import type { Json } from "./closed.ts";

export type Members = { [name: string]: Json };

/** Whether a value has a shape. Making one does nothing else, so that a page carries only those it looks at. */
export type Shape = (value: Json) => boolean;

export const isObject = (value: Json | undefined): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const like = /* @__NO_SIDE_EFFECTS__ */ (pattern: RegExp): Shape => (value) => typeof value === "string" && pattern.test(value);
export const among = /* @__NO_SIDE_EFFECTS__ */ (...words: string[]): Shape => (value) => typeof value === "string" && words.includes(value);
export const whole = /* @__NO_SIDE_EFFECTS__ */ (least = -Number.MAX_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER): Shape => (value) =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most;
export const flag: Shape = (value) => typeof value === "boolean";
export const anyText: Shape = (value) => typeof value === "string";
export const anything: Shape = () => true;
export const list = /* @__NO_SIDE_EFFECTS__ */ (item: Shape): Shape => (value) => Array.isArray(value) && value.every(item);
export const map = /* @__NO_SIDE_EFFECTS__ */ (name: RegExp, member: Shape): Shape => (value) =>
  isObject(value) && Object.keys(value).every((key) => name.test(key) && member(value[key] as Json));

/** An object of exactly these members; the second ones may be left out. */
export const closedSet = /* @__NO_SIDE_EFFECTS__ */ (required: Record<string, Shape>, optional: Record<string, Shape> = {}): Shape => {
  const known = new Map([...Object.entries(required), ...Object.entries(optional)]);
  const needed = Object.keys(required);
  return (value) =>
    isObject(value) &&
    needed.every((name) => name in value) &&
    Object.keys(value).every((name) => known.get(name)?.(value[name] as Json) === true);
};

const id = /* @__NO_SIDE_EFFECTS__ */ (prefix: string): Shape => (value) =>
  typeof value === "string" && value.startsWith(`${prefix}_`) && /^[a-z]{3}_[0-9a-f]{32}$/.test(value);

export const AGREEMENT = id("dsa");
export const CERTIFICATE = id("cer");
export const ORGANISATION = id("org");
export const PACKET = id("pkt");
export const RECEIPT = id("rcp");
export const REFERRAL = id("ref");
export const SUBJECT = id("sub");

/** SHA-256 in canonical base64url: the last character holds two bits that are zero. A thumbprint has the same form. */
export const DIGEST = like(/^[\w-]{42}[AEIMQUYcgkosw048]$/);
/** Sixteen bytes in canonical base64url. */
export const SALT = like(/^[\w-]{21}[AQgw]$/);
export const SECTION = like(/^s(?:\d|1[0-5])$/);
export const TAG = like(/^[\w.-]{1,64}$/);
export const WORD = like(/^[a-z][a-z0-9_]{0,31}$/);
export const CATEGORY = like(/^K\d\d$/);
export const JUSTIFICATION = like(/^JC\d\d$/);
export const PURPOSE = like(/^P\d\d$/);
export const SERVICE = like(/^SV\d\d$/);

export const FIELD: Shape = (value) =>
  typeof value === "string" && value.length <= 48 && /^[A-Z][A-Z0-9]{0,7}(?:\.\w+)+$/.test(value);
