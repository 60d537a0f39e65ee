// How many hosts may be at work at once: in all, and for each value of a label (`pool: 1` is never two of one
// pool). Hosts without that label count together, so that a label that was forgotten does not lift the limit.

import { FleetError } from "./errors.ts";
import type { FleetHost, Labels } from "./labels.ts";

export interface Limits {
  /** Of one roll-out. */
  readonly atOnce: number;
  /** Of all roll-outs together: another roll-out's host is away from its pool as well. */
  readonly perLabel: Readonly<Record<string, number>>;
}

/** @throws FleetError fleet/bad-request */
export function requireLimits({ atOnce, perLabel }: Limits): void {
  for (const [what, limit] of [["hosts at once", atOnce], ...Object.entries(perLabel)] as const) {
    if (Number.isSafeInteger(limit) && limit > 0) continue;
    throw new FleetError({
      code: "fleet/bad-request",
      problem: `Cannot limit ${what} to ${limit}`,
      expected: "1 or more: with none at once a roll-out would never begin",
    });
  }
}

/**
 * Which of those that wait may begin now, in their order. One that has to wait for its pool does not hold up those
 * behind it.
 * @param busy of this roll-out
 * @param others at work for other roll-outs
 */
export function chooseNext(
  waiting: Iterable<FleetHost>,
  busy: readonly FleetHost[],
  others: readonly FleetHost[],
  { atOnce, perLabel }: Limits,
): readonly FleetHost[] {
  const counts = Object.entries(perLabel).map(([label, limit]) => {
    const used = new Map<string, number>();
    for (const host of [...busy, ...others]) addOne(used, placeOf(host.labels, label));
    return { label, limit, used };
  });
  const chosen: FleetHost[] = [];
  let room = atOnce - busy.length;
  for (const host of waiting) {
    if (room <= 0) break;
    const isFree = counts.every(
      ({ label, limit, used }) => (used.get(placeOf(host.labels, label)) ?? 0) < limit,
    );
    if (!isFree) continue;
    for (const { label, used } of counts) addOne(used, placeOf(host.labels, label));
    chosen.push(host);
    room--;
  }
  return chosen;
}

/** A value never begins with `!`. */
function placeOf(labels: Labels, label: string): string {
  return labels[label] ?? "!none";
}

function addOne(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
