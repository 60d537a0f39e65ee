// Hooks: ABI reference §2.10, step 2. What they do when they are called the model cannot know.

import { ByteReader } from "../../bytes/byte-reader.ts";
import { HOOK_POINTER_SIZE, type HookKind, hookKinds, hookRules } from "../../xen-abi/hooks.ts";
import type { LoadContext } from "../load/load-context.ts";
import { findLoaded, findNamed, isLoaded } from "../load/special-sections.ts";
import { refuse } from "../verdict.ts";

export interface PreparedHooks {
  /** How many functions hang on each kind; a pointer of 0 in a single-hook section is none. */
  readonly counts: ReadonlyMap<HookKind, number>;
  /** The function, of kinds that have only one. */
  readonly functions: ReadonlyMap<HookKind, bigint>;
  /** Tables without an address, that Xen walks through when it calls the hooks. */
  readonly lost: ReadonlySet<HookKind>;
}

export function prepareHooks(context: LoadContext): PreparedHooks {
  const { file, xen } = context;
  const counts = new Map<HookKind, number>();
  const functions = new Map<HookKind, bigint>();
  const lost = new Set<HookKind>();
  for (const kind of hookKinds) {
    const { section: name, count, since } = hookRules[kind];
    const isKnown = xen.features.has("load-hooks") && since <= xen.line.payloadVersion;
    const section = isKnown ? findNamed(file, name) : undefined;
    if (section === undefined) continue;
    const size = Number(section.sh_size);
    if (count === "one" ? size !== HOOK_POINTER_SIZE : size % HOOK_POINTER_SIZE !== 0) {
      const words = `"${name}" has ${size} bytes`;
      refuse("hooks/size", "EINVAL", words, { place: { section: name } });
    }
    if (count === "many") {
      counts.set(kind, size / HOOK_POINTER_SIZE);
      if (!isLoaded(context, section)) lost.add(kind);
      continue;
    }
    // Without an address it is, for Xen, as if it were not there.
    const isFollowed = isLoaded(context, section) || xen.features.has("early-build-id-check");
    const found = isFollowed ? findLoaded(context, name, "hooks/size") : undefined;
    const pointer = found ? new ByteReader(found.bytes, name).u64("hook") : 0n;
    if (pointer === 0n) continue;
    counts.set(kind, 1);
    functions.set(kind, pointer);
  }
  return { counts, functions, lost };
}
