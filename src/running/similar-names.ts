// Names for "did you mean": those that take the fewest insertions, removals and changes.

/** Up to three names, nearest first; only such that look like a slip rather than another word. */
export function similarNames(wanted: string, names: Iterable<string>): readonly string[] {
  const limit = Math.max(1, Math.floor(wanted.length / 4));
  const near: { readonly name: string; readonly distance: number }[] = [];
  for (const name of new Set(names)) {
    if (Math.abs(name.length - wanted.length) > limit) continue;
    const distance = editDistance(wanted, name);
    if (distance <= limit) near.push({ name, distance });
  }
  near.sort((left, right) => left.distance - right.distance || (left.name < right.name ? -1 : 1));
  return near.slice(0, 3).map(({ name }) => name);
}

/** Levenshtein's distance, one row of its table at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
