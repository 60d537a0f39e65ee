// Hooks that the patched source has itself, by Xen's macros (LIVEPATCH_LOAD_HOOK and the like), or a file
// of hooks that is compiled with it. Which kinds they are is needed before objects are compared; the hooks themselves are carried with the rest of
// the fix, and taken out of it when it is linked.

import { openElf } from "../../elf/open.ts";
import type { ObjectPair } from "../../pairs/object-pair.ts";
import { type HookKind, hookKinds, hookRules } from "../../xen-abi/hooks.ts";
import { noHooks } from "./compile-hooks.ts";

/**
 * One for each object and kind; not those that a payload below has already.
 * @throws BuilderError for a file of hooks that has none
 */
export function hookKindsInSource(pairs: readonly ObjectPair[]): readonly HookKind[] {
  return pairs.flatMap(({ object, before, after, hookFile }) => {
    const now = hookSizes(after, object);
    if (hookFile !== undefined && now.size === 0) throw noHooks(hookFile);
    const old = before === undefined ? new Map() : hookSizes(before, object);
    return hookKinds.filter((kind) => (now.get(kind) ?? 0) > (old.get(kind) ?? 0));
  });
}

/** Bytes of the pointers of each kind. */
function hookSizes(bytes: Uint8Array, object: string): ReadonlyMap<HookKind, number> {
  const sizes = new Map<HookKind, number>();
  // Most objects have none, and reading all their symbols takes time.
  if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(".livepatch.hooks.")) {
    return sizes;
  }
  const { sections } = openElf(bytes, object);
  for (const kind of hookKinds) {
    const own = sections.filter(({ name }) => name === hookRules[kind].section);
    const size = own.reduce((sum, section) => sum + section.size, 0);
    if (size > 0) sizes.set(kind, size);
  }
  return sizes;
}
