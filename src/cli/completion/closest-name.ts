// The name that somebody probably meant.

/** More edits than a third of the name is another name. */
const EDITS_PER_NAME = 3;

/** The first of those with the fewest edits; `undefined` when none is near. */
export function findClosest<Name extends string>(
  text: string,
  names: readonly Name[],
): Name | undefined {
  let best: { readonly name: Name; readonly edits: number } | undefined;
  for (const name of names) {
    // What is that much longer cannot be near, and takes long to compare.
    if (text.length > 2 * name.length) continue;
    const edits = editsBetween(text, name);
    const isNear = edits * EDITS_PER_NAME <= name.length;
    if (isNear && (best === undefined || edits < best.edits)) best = { name, edits };
  }
  return best?.name;
}

/** Levenshtein: characters put in, left out or changed. */
function editsBetween(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const isSame = left[row - 1] === right[column - 1];
      const changed = (previous[column - 1] ?? 0) + (isSame ? 0 : 1);
      const least = Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, changed);
      current.push(least);
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
}
