// Payloads that carry old code of the small hypervisor, made by the real emitter; and the options of calls to
// a host. Not a test.

import { parseHex } from "../../src/bytes/hex.ts";
import { compileDraft, symbolNamed } from "../../src/payload/emit/emit.test.support.ts";
import { emitPayload } from "../../src/payload/emit/emit.ts";
import type { EmitInput, GuardBytes } from "../../src/payload/emit/input.ts";
import { XEN_ID } from "../../src/xen-model/synthetic.test.support.ts";

export const options = { deadlineMs: 5_000, quiesceMs: 30 };
export const independent = { ...options, dependencyCheck: "hypervisor-only" } as const;

/** As the functions of the small hypervisor begin: xor %eax,%eax and NOPs of four bytes. */
export const code = parseHex(`31c0${"0f1f4000".repeat(6)}`);

export function guardOf(oldName: string, oldOffset = 0, bytes = code): GuardBytes {
  return { label: `${oldName}+${oldOffset}`, oldName, oldOffset, bytes: bytes.slice(oldOffset) };
}

/** Replaces functions, and expects the first bytes of each. */
export function guarded(replaces: readonly string[], more: Partial<EmitInput> = {}): Uint8Array {
  const c = replaces.map((name) => `int new_${name}(void) { return ${replaces.length}; }`);
  const draft = compileDraft({ c: c.join("\n") });
  return emitPayload({
    architecture: "x86_64",
    payloadVersion: 2,
    objects: [{ source: "guarded.c", draft }],
    replacements: replaces.map((oldName) => {
      return { oldName, oldSizeBytes: 64, newBody: symbolNamed(draft, `new_${oldName}`) };
    }),
    guards: replaces.map((name) => guardOf(name)),
    hooks: [],
    stacking: { mode: "independent", guard: "full", marker: "none", requires: [] },
    depends: parseHex(XEN_ID),
    xenDepends: parseHex(XEN_ID),
    metadata: [],
    funcsAccess: "read-only",
    ...more,
  }).bytes;
}
