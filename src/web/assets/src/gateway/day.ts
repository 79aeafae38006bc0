// Lengths of time, in a file of their own: the head of every page needs them, and fetches nothing else of what knows time.

import type { Moment } from "./time.ts";

export const SECOND: Moment = 1_000_000;
export const DAY: Moment = 86_400 * SECOND;
