// Where a hunk fits. All of its context has to be there, at the place that the hunk names or at another;
// only with fuzz, as patch(1) has it, may up to that many lines at each end of the context differ. Then the
// place must be the only one: lines that do not fit say that the file is another one.

/** The lines of a hunk before the patch, and where they ought to be. */
export interface Wanted {
  readonly lines: readonly string[];
  /** Lines of context at both ends, which alone may be ignored. */
  readonly context: { readonly before: number; readonly after: number };
}

export interface Expected {
  /** No hunk is looked for above it. */
  readonly from: number;
  /** As the hunk says, after what came before it has grown. */
  readonly expected: number;
  /** How far the last one was from its place. */
  readonly drift: number;
}

export interface FoundPlace {
  /** Of the first line of the hunk, ignored or not. */
  readonly place: number;
  /** How many more places it would fit; none with fuzz. */
  readonly others: number;
  /** Lines at both ends of the context that were not looked at. */
  readonly ignored: { readonly before: number; readonly after: number };
}

/** With as little fuzz as possible; lines count from 0. */
export function findPlace(
  lines: readonly string[],
  wanted: Wanted,
  at: Expected,
  fuzz: number,
): FoundPlace | undefined {
  for (let ignoring = 0; ignoring <= fuzz; ignoring++) {
    const places = placesWith(lines, wanted, at, ignoring);
    const [first, ...others] = places;
    if (first === undefined) continue;
    // Less context fits at no fewer places.
    return ignoring === 0 || others.length === 0 ? { ...first, others: others.length } : undefined;
  }
  return undefined;
}

/** How much fuzz it would take, and at how many places it would fit; undefined when none is enough. */
export function fuzzNeeded(
  lines: readonly string[],
  wanted: Wanted,
  at: Expected,
): { readonly fuzz: number; readonly places: number; readonly first: number } | undefined {
  const most = Math.max(wanted.context.before, wanted.context.after);
  for (let fuzz = 1; fuzz <= most; fuzz++) {
    const places = placesWith(lines, wanted, at, fuzz);
    const [first] = places;
    if (first !== undefined)
      return { fuzz, places: places.length, first: first.place + first.ignored.before };
  }
  return undefined;
}

/** The nearest to where it should be first. */
function placesWith(
  lines: readonly string[],
  { lines: wanted, context }: Wanted,
  { from, expected, drift }: Expected,
  fuzz: number,
): readonly Omit<FoundPlace, "others">[] {
  const near = expected + drift;
  if (wanted.length === 0) {
    // Nothing but its number says where it belongs, which is wrong when others were found elsewhere.
    const isSure = drift === 0 && near >= from && near <= lines.length;
    return isSure ? [{ place: near, ignored: { before: 0, after: 0 } }] : [];
  }
  // As patch(1) does: the longer end is shortened first.
  const longest = Math.max(context.before, context.after);
  if (fuzz > longest) return [];
  const ignored = {
    before: Math.max(0, fuzz + context.before - longest),
    after: Math.max(0, fuzz + context.after - longest),
  };
  const sure = wanted.slice(ignored.before, wanted.length - ignored.after);
  // With all context ignored, a hunk that only adds lines would fit everywhere.
  if (sure.length === 0) return [];
  const places: number[] = [];
  for (let start = from; start <= lines.length - sure.length; start++) {
    if (sure.every((line, index) => line === lines[start + index])) places.push(start);
  }
  const distance = (start: number) => Math.abs(start - ignored.before - near);
  return places
    .sort((one, other) => distance(one) - distance(other))
    .map((start) => ({ place: start - ignored.before, ignored }));
}
