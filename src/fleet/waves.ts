// Which hosts come first. Waves are cumulative, as people say them: `1,5%,25%,100%` is one host, then as many
// more as make 5 % of all, and so on.

import { FleetError } from "./errors.ts";
import { compareText, type FleetHost } from "./labels.ts";

/** How far the roll-out has come at the end of a wave. */
export type WaveSize =
  | { readonly kind: "hosts"; readonly count: number }
  | { readonly kind: "share"; readonly percent: number };

/** At least 0 and below `below`. */
export type Dice = (below: number) => number;

export interface Division {
  readonly waves: readonly (readonly string[])[];
  /** Asked for, and without any host of their own: `5%` of ten hosts behind a first one. As they were written. */
  readonly empty: readonly string[];
  /** Behind the last wave: the roll-out does not come to them. */
  readonly beyond: readonly string[];
}

/** @throws FleetError fleet/bad-request */
export function parseWaves(text: string): readonly [WaveSize, ...WaveSize[]] {
  const [first, ...others] = text.split(",").map((part) => parseWave(part.trim(), text));
  if (first === undefined) throw badWaves(text, "it names no wave");
  let before = first;
  for (const next of others) {
    if (next.kind === before.kind && sizeOf(next) <= sizeOf(before)) {
      throw badWaves(text, `${formatWave(next)} is not more than ${formatWave(before)}`);
    }
    before = next;
  }
  return [first, ...others];
}

/** Hosts in the order of orderForWaves(). */
export function divideIntoWaves(hosts: readonly string[], sizes: readonly WaveSize[]): Division {
  const waves: (readonly string[])[] = [];
  const empty: string[] = [];
  let done = 0;
  for (const size of sizes) {
    const end = Math.min(hosts.length, endOf(size, hosts.length));
    // A wave of no host would be a gate that is passed without anything to see.
    if (end > done) waves.push(hosts.slice(done, end));
    else empty.push(formatWave(size));
    done = Math.max(done, end);
  }
  return { waves, empty, beyond: hosts.slice(done) };
}

/**
 * Canaries first; then at random, since hosts with neighbouring names are often alike, and the first ones are to
 * show what the others will meet. Values of the given label take turns, so that a wave is not held up by a
 * limit for each value.
 */
export function orderForWaves(
  hosts: readonly FleetHost[],
  first: (host: FleetHost) => boolean,
  spreadBy: string | undefined,
  dice: Dice,
): readonly string[] {
  const sorted = hosts.toSorted((one, other) => compareText(one.id, other.id));
  const shuffled = shuffle(sorted, dice);
  const groups = [shuffled.filter(first), shuffled.filter((host) => !first(host))];
  return groups.flatMap((group) => takeTurns(group, spreadBy)).map(({ id }) => id);
}

export function formatWave(size: WaveSize): string {
  return size.kind === "hosts" ? String(size.count) : `${size.percent}%`;
}

function parseWave(part: string, text: string): WaveSize {
  const [, digits, isShare] = /^(\d{1,7})(%?)$/.exec(part) ?? [];
  const value = Number(digits);
  if (digits === undefined) throw badWaves(text, `"${part}" is neither a number nor a share`);
  if (value === 0) throw badWaves(text, "a wave of no host shows nothing");
  if (isShare !== "%") return { kind: "hosts", count: value };
  if (value > 100) throw badWaves(text, `${part} is more than all`);
  return { kind: "share", percent: value };
}

function sizeOf(size: WaveSize): number {
  return size.kind === "hosts" ? size.count : size.percent;
}

/** Rounded up: 5 % of ten hosts is one. */
function endOf(size: WaveSize, all: number): number {
  return size.kind === "hosts" ? size.count : Math.ceil((all * size.percent) / 100);
}

function shuffle<Item>(items: readonly Item[], dice: Dice): readonly Item[] {
  const mixed: Item[] = [];
  for (const [index, item] of items.entries()) {
    const other = dice(index + 1);
    const displaced = mixed[other];
    mixed[other] = item;
    if (displaced !== undefined) mixed[index] = displaced;
  }
  return mixed;
}

function takeTurns(hosts: readonly FleetHost[], label: string | undefined): readonly FleetHost[] {
  if (label === undefined) return hosts;
  const groups = new Map<string | undefined, FleetHost[]>();
  for (const host of hosts) {
    const value = host.labels[label];
    const group = groups.get(value) ?? [];
    groups.set(value, group);
    group.push(host);
  }
  const longest = Math.max(0, ...[...groups.values()].map((group) => group.length));
  const turns: FleetHost[] = [];
  for (let turn = 0; turn < longest; turn++) {
    for (const group of groups.values()) turns.push(...group.slice(turn, turn + 1));
  }
  return turns;
}

function badWaves(text: string, why: string): FleetError {
  return new FleetError({
    code: "fleet/bad-request",
    problem: `Cannot use the waves "${text}": ${why}`,
    expected:
      "numbers of hosts and shares of all, each more than the one before, such as 1,5%,25%,100%",
  });
}
