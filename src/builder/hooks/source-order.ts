// Pointers to hooks in the order in which they stand in the source. gcc lays out variables from the last to the
// first; only the macros of xsplice.h keep it from that, and not Xen's own.

import { declaredAt } from "../../compare/declared-at.ts";
import { openElf } from "../../elf/open.ts";
import type { ObjectPair } from "../../pairs/object-pair.ts";

/** As they are laid out where debug information does not say, or where they stand in more than one file. */
export function inOrderOfSource(
  pointers: readonly string[],
  { object, after }: Pick<ObjectPair, "object" | "after">,
): readonly string[] {
  if (pointers.length < 2) return pointers;
  const opened = openElf(after, object);
  const places = new Map(
    pointers.map((name) => {
      const [, file, line] = /^(.*):(\d+)$/.exec(declaredAt(opened, name) ?? "") ?? [];
      return [name, { file, line: Number(line) }];
    }),
  );
  const files = new Set([...places.values()].map(({ file }) => file));
  if (files.size > 1 || files.has(undefined)) return pointers;
  const lineOf = (name: string) => places.get(name)?.line ?? 0;
  return [...pointers].sort((left, right) => lineOf(left) - lineOf(right));
}
