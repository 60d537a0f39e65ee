// Maintenance windows: when hosts may be begun. A window opens on days of the week at a time of day in UTC and
// stays open for so many minutes, over midnight if need be. What has begun is brought to its end.

import { FleetError } from "./errors.ts";

export interface Window {
  /** 0 is Sunday, as in cron. */
  readonly days: readonly number[];
  /** Of the day, in UTC. */
  readonly startMinute: number;
  readonly lengthMinutes: number;
}

const DAY_MINUTES = 24 * 60;
const WEEK_MINUTES = 7 * DAY_MINUTES;
const MINUTE_MS = 60_000;
/** 1 January 1970 was a Thursday. */
const EPOCH_DAY = 4;
const dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/**
 * Such as `sat-sun 22:00-02:30` or `mon,wed 01:00-05:00`.
 * @throws FleetError fleet/bad-request
 */
export function parseWindow(text: string): Window {
  const [, list = "", from = "", to = ""] =
    /^(\S+) +(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text.trim()) ?? [];
  const start = minuteOf(from);
  const end = minuteOf(to);
  const days = list.split(",").map(daysOf);
  if (start === undefined || end === undefined || days.includes(undefined)) {
    throw new FleetError({
      code: "fleet/bad-request",
      problem: `Cannot read the maintenance window "${text}"`,
      expected: "days and a time in UTC, such as sat-sun 22:00-02:30 or mon,wed 01:00-05:00",
    });
  }
  const lengthMinutes = (end - start + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
  const distinct = [...new Set(days.flatMap((some) => some ?? []))];
  return { days: distinct.sort((one, other) => one - other), startMinute: start, lengthMinutes };
}

/** Without any window it is always open. */
export function isOpen(windows: readonly Window[], atMs: number): boolean {
  if (windows.length === 0) return true;
  const minute = minuteOfWeek(atMs);
  return windows.some(({ days, startMinute, lengthMinutes }) =>
    days.some((day) => {
      const since = (minute - (day * DAY_MINUTES + startMinute) + WEEK_MINUTES) % WEEK_MINUTES;
      return since < lengthMinutes;
    }),
  );
}

/** The first time at or after `atMs` at which it is open. */
export function nextOpening(windows: readonly Window[], atMs: number): number {
  if (isOpen(windows, atMs)) return atMs;
  const minute = minuteOfWeek(atMs);
  const waits = windows.flatMap(({ days, startMinute }) =>
    days.map((day) => (day * DAY_MINUTES + startMinute - minute + WEEK_MINUTES) % WEEK_MINUTES),
  );
  const start = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
  return start + Math.min(...waits) * MINUTE_MS;
}

function minuteOfWeek(atMs: number): number {
  return (Math.floor(atMs / MINUTE_MS) + EPOCH_DAY * DAY_MINUTES) % WEEK_MINUTES;
}

function minuteOf(time: string): number | undefined {
  const [hours = "", minutes = ""] = time.split(":");
  if (time === "" || Number(hours) > 23 || Number(minutes) > 59) return undefined;
  return Number(hours) * 60 + Number(minutes);
}

/** Of `mon` or `fri-sun`; a range may go over the end of the week. */
function daysOf(part: string): readonly number[] | undefined {
  const [first, last] = part.split("-").map((name) => dayNames.indexOf(name));
  if (first === undefined || first < 0 || last === -1) return undefined;
  const count = last === undefined ? 1 : ((last - first + 7) % 7) + 1;
  return Array.from({ length: count }, (_, index) => (first + index) % 7);
}
