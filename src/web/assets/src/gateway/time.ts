// Moments in UTC: whole microseconds as a number, which is exact for the next two hundred years.

import { DAY, SECOND } from "./day.ts";

/** Microseconds since 1970. */
export type Moment = number;

export { DAY, SECOND };

/** The present moment. Everything else is told the moment it is. */
export const now = (): Moment => Date.now() * 1000;

export const seconds = (moment: Moment): number => Math.floor(moment / SECOND);
export const ofSeconds = (count: number): Moment => count * SECOND;

const WRITTEN = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/;

/** Reads an RFC 3339 time; nothing when it is none. What is finer than a microsecond falls away. */
export function moment(written: string): Moment | undefined {
  const [, day, hour, fraction, zone] = WRITTEN.exec(written) ?? [];
  if (day === undefined || hour === undefined || zone === undefined || !isDay(day)) return undefined;
  const millis = Date.parse(`${day}T${hour}${zone}`);
  if (Number.isNaN(millis)) return undefined;
  return millis * 1000 + Number((fraction ?? "").padEnd(6, "0").slice(0, 6));
}

/** Writes a moment as RFC 3339, as short as it can be without losing anything. */
export function written(moment: Moment): string {
  const whole = new Date(seconds(moment) * 1000).toISOString().slice(0, 19);
  const micros = moment - seconds(moment) * SECOND;
  if (micros === 0) return `${whole}Z`;
  const fraction = String(micros).padStart(6, "0");
  return `${whole}.${fraction.endsWith("000") ? fraction.slice(0, 3) : fraction}Z`;
}

/** Whether it is a day of the calendar, written like 2026-03-01. */
export function isDay(text: string): boolean {
  const [, year, month, day] = (/^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? []).map(Number);
  if (year === undefined || month === undefined || day === undefined) return false;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return days !== undefined && day >= 1 && day <= days;
}

/** The same day some months later, or the last one of that month. */
export function monthsAfter(moment: Moment, months: number): Moment {
  const at = new Date(seconds(moment) * 1000);
  const day = at.getUTCDate();
  const later = new Date(at);
  later.setUTCDate(1);
  later.setUTCMonth(at.getUTCMonth() + months);
  const last = new Date(Date.UTC(later.getUTCFullYear(), later.getUTCMonth() + 1, 0)).getUTCDate();
  later.setUTCDate(Math.min(day, last));
  return later.getTime() * 1000 + (moment - seconds(moment) * SECOND);
}
