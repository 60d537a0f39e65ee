// Hooks that the patched source has itself, by Xen's macros (LIVEPATCH_LOAD_HOOK and the like), or a file of
// hooks that is compiled with it. Their kinds are needed before objects are compared; the hooks themselves are
// carried with the rest of the fix, and taken out of it when it is linked.

import type { BuildRefusal } from "../../build-outcome/refusal.ts";
import { openElf } from "../../elf/open.ts";
import type { ObjectPair } from "../../pairs/object-pair.ts";
import { shadowHookOf } from "../../payload/shadow-variables.ts";
import { type HookKind, hookKinds, hookRules } from "../../xen-abi/hooks.ts";
import { noHooks } from "./compile-hooks.ts";

export interface HookInSource {
  readonly kind: HookKind;
  /** The function, as far as the macro's variable tells it. */
  readonly name: string;
  /** The variable that the macro defines. */
  readonly pointer: string;
  readonly object: string;
  /** `shadow`: of a shadow variable (share/include/xsplice/shadow.h), which does nothing for the fix by itself. */
  readonly of: "author" | "shadow";
}

/**
 * Not those that a payload below has already.
 * @throws BuilderError for a file of hooks that has none
 */
export function hooksInSource(pairs: readonly ObjectPair[]): readonly HookInSource[] {
  return pairs.flatMap(({ object, before, after, hookFile }) => {
    const now = hookPointers(after, object);
    if (hookFile !== undefined && now.size === 0) throw noHooks(hookFile);
    const old = before === undefined || now.size === 0 ? new Map() : hookPointers(before, object);
    return [...now].flatMap(([pointer, kind]): HookInSource[] => {
      if (old.has(pointer)) return [];
      const name = pointer.replace(/^(livepatch_[a-z]+_data|xsplice_hook_[a-z]+)_/, "");
      const of = shadowHookOf(pointer) === undefined ? "author" : "shadow";
      return [{ kind, name, pointer, object, of }];
    });
  });
}

/**
 * A shadow variable's hooks are load and unload hooks, which Xen does not call where the payload does its own
 * patching: the hypervisor would go on with a pointer into a payload that was unloaded.
 */
export function refuseUncalledShadows(
  inSource: readonly HookInSource[],
  kinds: readonly HookKind[],
): readonly BuildRefusal[] {
  const action = kinds.find((kind) => kind === "apply" || kind === "revert");
  if (action === undefined || !inSource.some((hook) => hook.of === "shadow")) return [];
  const instead = action === "apply" ? "load" : "unload";
  return [
    {
      rule: "uncalled-hook",
      what: `hook "${action}"`,
      where: hookRules[action].section,
      reasons: [
        `with it Xen calls no ${instead} hooks, and shadow variables (XSPLICE_SHADOW) need theirs`,
      ],
      remedy: "use load and unload hooks, or do without shadow variables",
    },
  ];
}

/** By the names of the pointers. */
function hookPointers(bytes: Uint8Array, object: string): ReadonlyMap<string, HookKind> {
  // Most objects have none, and reading all their symbols takes time.
  if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(".livepatch.hooks.")) {
    return new Map();
  }
  const { sections, symbols } = openElf(bytes, object);
  const pointers = [...symbols].flatMap(({ name, type, place }): [string, HookKind][] => {
    if (type !== "STT_OBJECT" || place.kind !== "section") return [];
    const section = sections[place.index]?.name;
    const kind = hookKinds.find((one) => hookRules[one].section === section);
    return kind === undefined ? [] : [[name, kind]];
  });
  return new Map(pointers);
}
