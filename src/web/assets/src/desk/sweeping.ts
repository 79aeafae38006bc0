// How long drafts lie on a device, and their end. Apart from what seals and opens them: every page with a key sweeps, one writes.

import type { Store } from "../gateway/store.ts";
import { DAY } from "../gateway/day.ts";
import type { Moment } from "../gateway/time.ts";

/** How long a draft is kept. */
export const LONGEST = 7 * DAY;
/** By how much a clock may be turned back before a draft counts as one of another time. */
const SLACK = DAY;
/** Where the key of the drafts lies, and what the names of drafts begin with. */
export const KEY = "drafts' key";
export const DRAFT = "draft ";

/** A draft as it lies there. */
export interface Lying {
  at: Moment;
  sealed: string;
}

/** Whether a draft has been kept for long enough. */
export const isOver = (at: unknown, now: Moment): boolean => typeof at !== "number" || now - at > LONGEST || at - now > SLACK;

/** Removes what was kept for longer than a draft is. Needs no key. */
export async function sweep(store: Store, now: Moment): Promise<void> {
  for (const name of (await store.names()).filter((one) => one.startsWith(DRAFT))) {
    if (isOver(((await store.get(name)) as Lying | undefined)?.at, now)) await store.remove(name);
  }
}

/** Removes every draft. */
export async function dropDrafts(store: Store): Promise<void> {
  for (const name of (await store.names()).filter((one) => one.startsWith(DRAFT))) await store.remove(name);
}

/** Removes every draft, and what opened them. */
export async function dropAll(store: Store): Promise<void> {
  await store.remove(KEY);
  await dropDrafts(store);
}
