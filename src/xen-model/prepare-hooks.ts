// Hooks: ABI reference §2.10, step 2. What they do when they are called the model cannot know.

import { ByteReader } from "../bytes/byte-reader.ts";
import { HOOK_POINTER_SIZE, type HookKind, hookKinds, hookRules } from "../xen-abi/hooks.ts";
import type { LoadContext } from "./load.ts";
import { findLoaded, holdsPointers } from "./special-sections.ts";
import { refuse } from "./verdict.ts";

export function prepareHooks(context: LoadContext): ReadonlyMap<HookKind, number> {
  const { file, placement, xen } = context;
  const hooks = new Map<HookKind, number>();
  for (const kind of hookKinds) {
    const { section: name, count, since } = hookRules[kind];
    const isKnown = xen.features.has("load-hooks") && since <= xen.line.payloadVersion;
    const found = isKnown ? findLoaded(file, placement, name, "hooks/size") : undefined;
    if (found === undefined) continue;
    const isOne = found.bytes.length === HOOK_POINTER_SIZE;
    if (count === "one" ? !isOne : !holdsPointers(found.section)) {
      const words = `"${name}" has ${found.bytes.length} bytes`;
      refuse("hooks/size", "EINVAL", words, { place: { section: name } });
    }
    const pointer = isOne ? new ByteReader(found.bytes, name).u64("hook") : 1n;
    if (count === "many" || pointer !== 0n) hooks.set(kind, found.bytes.length / HOOK_POINTER_SIZE);
  }
  return hooks;
}
