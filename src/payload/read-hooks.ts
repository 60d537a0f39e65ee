// The hook sections of a payload: ABI reference §1.6.

import { findSection } from "../elf/sections.ts";
import { HOOK_POINTER_SIZE, hookKinds, hookRules } from "../xen-abi/hooks.ts";
import type { PayloadHook } from "./payload.ts";
import { type PayloadFile, readPointers, whereIn } from "./targets.ts";

/** In the order of `hookKinds`; sections that Xen would refuse give a finding and no hooks. */
export function readHooks(file: PayloadFile): readonly PayloadHook[] {
  return hookKinds.flatMap((kind) => readHooksOf(file, kind));
}

function readHooksOf(file: PayloadFile, kind: PayloadHook["kind"]): PayloadHook[] {
  const rule = hookRules[kind];
  const section = findSection(file.object, rule.section);
  if (section === undefined) return [];
  const pointers = readPointers(file, section);
  const size = pointers.reader.length;
  const wrongSize = rule.count === "one" ? size !== HOOK_POINTER_SIZE : size % HOOK_POINTER_SIZE;
  if (wrongSize || size === 0) {
    file.findings.error({
      code: "payload/malformed",
      problem: `Cannot read section "${section.name}": it has ${size} bytes`,
      where: whereIn(file, section),
      expected: rule.count === "one" ? "8 bytes, one pointer" : "pointers of 8 bytes, at least one",
    });
    return [];
  }
  const hooks: PayloadHook[] = [];
  for (let offset = 0; offset < size; offset += HOOK_POINTER_SIZE) {
    const target = pointers.target(offset);
    if (target === undefined) reportNull(file, kind, whereIn(file, section, offset));
    else hooks.push({ kind, target });
  }
  return hooks;
}

function reportNull({ findings }: PayloadFile, kind: PayloadHook["kind"], where: string): void {
  if (hookRules[kind].count === "one") {
    findings.warning({
      code: "payload/ignored",
      problem: `The ${kind} hook is a null pointer, which Xen takes for "no hook"`,
      where,
    });
    return;
  }
  findings.error({
    code: "payload/trap",
    problem: `Cannot call a ${kind} hook: it is a null pointer`,
    where,
    expected: "a function; Xen would jump to address 0",
  });
}
