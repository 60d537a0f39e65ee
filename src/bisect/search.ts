// Which prefix of a series to try next, from what is known of those that were tried. Prefix 0 is no fix
// at all, prefix N all of them. What is looked for is the one fix with which the check begins to fail.
// Pure, and without memory: the same probes give the same answer, so an interrupted search goes on.

export const probeVerdicts = ["good", "bad", "cannot-tell"] as const;
export type ProbeVerdict = (typeof probeVerdicts)[number];

export interface ProbedPrefix {
  readonly prefix: number;
  readonly verdict: ProbeVerdict;
}

export type Conclusion =
  /** The first fix, counted from 1, with which the check fails. */
  | { readonly kind: "found"; readonly fix: number }
  /** One of these fixes, counted from 1; no prefix between them could be judged. */
  | { readonly kind: "narrowed"; readonly first: number; readonly last: number }
  /** With all fixes the check passes. */
  | { readonly kind: "never-fails" }
  /** The check fails without any fix too. */
  | { readonly kind: "always-fails" }
  /** Of one end of the series nobody can tell, so there is nothing to search between. */
  | { readonly kind: "undecided"; readonly prefix: number };

export type NextProbe =
  | { readonly kind: "probe"; readonly prefix: number; readonly stepsLeft: number }
  | Conclusion;

/**
 * Both ends first, since nothing can be found between them unless they differ; then the middle of what
 * is left, or what is nearest to it and can be judged.
 * @param count fixes of the series, at least 1
 * @param stepsLeft of the answer: probes that are still needed, this one too, when all can tell
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

/** Halvings until one of so many fixes is left. */
function stepsFor(fixes: number): number {
  return Math.ceil(Math.log2(fixes));
}

function range(from: number, end: number): number[] {
  return Array.from({ length: end - from }, (_, index) => from + index);
}
