// When keys end. Of the keys there are it tells which end soon; the page says whom to ask.

import type { KeyRecord } from "./directory-keys.ts";
import { DAY } from "./day.ts";
import type { Moment } from "./time.ts";

/** How long before its end a key is spoken of. */
export const SOON = 60 * DAY;

/** When what somebody needs ends, as the organisation's statements said when this device last looked. */
export interface Ends {
  /** The key of this device, or the member's, whichever ends first; absent while neither was confirmed. */
  own?: Moment;
  /** The first of the organisation's reader keys to end. */
  readers?: Moment;
}

/** Under which name they lie in the device's store. */
export const ENDS = "ends";

/** What is to be told: whose keys, when they end, and whether that is over. What is over comes first. */
export interface Told {
  which: "own" | "readers";
  at: Moment;
  ended: boolean;
}

export const endsSoon = (until: Moment, now: Moment): boolean => until - now < SOON;

const inUse = ({ state }: KeyRecord): boolean => state === "active";

/** The newest key in use of each reader role. */
export function newestReaders(records: KeyRecord[]): KeyRecord[] {
  const newest = new Map<string, KeyRecord>();
  for (const record of records) {
    if (record.jwk.use !== "enc" || record.role === "member" || !inUse(record)) continue;
    const other = newest.get(record.role);
    if (other === undefined || other.from < record.from) newest.set(record.role, record);
  }
  return [...newest.values()];
}

const first = (records: KeyRecord[]): Moment | undefined =>
  records.length === 0 ? undefined : Math.min(...records.map(({ until }) => until));

/** When the keys of these thumbprints end, and the organisation's reader keys. */
export function endsOf(records: KeyRecord[], kids: (string | undefined)[]): Ends {
  const own = first(records.filter((record) => kids.includes(record.jwk.kid) && inUse(record)));
  const readers = first(newestReaders(records));
  return { ...(own === undefined ? {} : { own }), ...(readers === undefined ? {} : { readers }) };
}

/** What is to be told of it at this moment; nothing while there is time. */
export function toTell(ends: Ends | undefined, now: Moment): Told | undefined {
  const told = (["own", "readers"] as const).flatMap((which) => {
    const at = ends?.[which];
    return typeof at === "number" && endsSoon(at, now) ? [{ which, at, ended: at <= now }] : [];
  });
  return told.find(({ ended }) => ended) ?? told[0];
}
