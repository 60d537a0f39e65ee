// The order of refusals in reports: a refusal that follows from another one comes after it.

import type { BuildRefusal, RefusalName } from "./refusal.ts";

/**
 * Causes first, each followed by its consequences. A cause that is not refused, or that is a
 * consequence itself, does not count.
 */
export function causesFirst(refusals: readonly BuildRefusal[]): readonly BuildRefusal[] {
  const possible = refusals.filter(({ causes = [] }) => causes.length === 0);
  const known = refusals.map((refusal) => ({
    ...refusal,
    causes: (refusal.causes ?? []).filter((cause) => possible.some((one) => isNamed(one, cause))),
  }));
  const blocks = known
    .filter(({ causes }) => causes.length === 0)
    .map((root, index, roots) => [
      root,
      ...known.filter(({ causes: [first] }) => {
        const place = first && roots.findIndex((one) => isNamed(one, first));
        return place === index;
      }),
    ]);
  const [leading, others] = [
    blocks.filter(({ length }) => length > 1),
    blocks.filter(({ length }) => length === 1),
  ];
  return [...leading, ...others].flat();
}

function isNamed({ rule, what }: RefusalName, name: RefusalName): boolean {
  return rule === name.rule && what === name.what;
}
