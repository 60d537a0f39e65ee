// Chooses the next prefix of a series to try, from the results so far. Prefix 0 has no fix, prefix N
// has all of them. The goal is the one fix with which the check begins to fail. Pure and without state:
// the same results give the same answer, so an interrupted search can continue.

export const probeVerdicts = ["good", "bad", "cannot-tell"] as const;
export type ProbeVerdict = (typeof probeVerdicts)[number];

export interface ProbedPrefix {
  readonly prefix: number;
  readonly verdict: ProbeVerdict;
}

export type Conclusion =
  /** The first fix, counted from 1, with which the check fails. */
  | { readonly kind: "found"; readonly fix: number }
  /** One of these fixes, counted from 1; no prefix between them could be tested. */
  | { readonly kind: "narrowed"; readonly first: number; readonly last: number }
  /** With all fixes the check passes. */
  | { readonly kind: "never-fails" }
  /** The check fails without any fix too. */
  | { readonly kind: "always-fails" }
  /** One end of the series cannot be tested, so there is no range to search. */
  | { readonly kind: "undecided"; readonly prefix: number };

export type NextProbe =
  | { readonly kind: "probe"; readonly prefix: number; readonly stepsLeft: number }
  | Conclusion;

/**
 * Both ends first, because a search needs two different ends; then the middle of the rest, or the
 * nearest prefix that can be tested.
 * @param count fixes of the series, at least 1
 * @param stepsLeft of the answer: probes that are still needed, including this one, if all can be
 * tested
 */
export function nextProbe(count: number, probes: readonly ProbedPrefix[]): NextProbe {
  const verdicts = new Map(probes.map(({ prefix, verdict }) => [prefix, verdict]));
  const all = verdicts.get(count);
  if (all === undefined) return { kind: "probe", prefix: count, stepsLeft: 2 + stepsFor(count) };
  if (all === "good") return { kind: "never-fails" };
  if (all === "cannot-tell") return { kind: "undecided", prefix: count };
  const none = verdicts.get(0);
  if (none === undefined) return { kind: "probe", prefix: 0, stepsLeft: 1 + stepsFor(count) };
  if (none === "bad") return { kind: "always-fails" };
  if (none === "cannot-tell") return { kind: "undecided", prefix: 0 };
  return nextBetween(count, verdicts);
}

function nextBetween(count: number, verdicts: ReadonlyMap<number, ProbeVerdict>): NextProbe {
  const judged = (wanted: ProbeVerdict) =>
    [...verdicts].flatMap(([prefix, verdict]) => (verdict === wanted ? prefix : []));
  const bad = Math.min(count, ...judged("bad"));
  const good = Math.max(0, ...judged("good").filter((prefix) => prefix < bad));
  if (bad - good === 1) return { kind: "found", fix: bad };
  const middle = (good + bad) / 2;
  const open = range(good + 1, bad).filter((prefix) => !verdicts.has(prefix));
  const [nearest] = open.sort((one, other) => Math.abs(one - middle) - Math.abs(other - middle));
  if (nearest === undefined) return { kind: "narrowed", first: good + 1, last: bad };
  return { kind: "probe", prefix: nearest, stepsLeft: stepsFor(bad - good) };
}

/** Halvings until one of this many fixes is left. */
function stepsFor(fixes: number): number {
  return Math.ceil(Math.log2(fixes));
}

function range(from: number, end: number): number[] {
  return Array.from({ length: end - from }, (_, index) => from + index);
}
