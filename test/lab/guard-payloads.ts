// Payloads that carry old code, made from a hypervisor's xen-syms: functions that nobody calls in a
// lab get bodies that return a number. Not a test.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { toHex } from "../../src/bytes/hex.ts";
import type { ElfDraft } from "../../src/elf/draft.ts";
import { writeElf } from "../../src/elf/write.ts";
import { guardsFor } from "../../src/guard/guard.ts";
import type { GuardedFunction } from "../../src/guard/plan.ts";
import { machineOfArchitecture } from "../../src/isa/architecture.ts";
import { stampBuildId, unstampedBuildIdText } from "../../src/payload/build-id.ts";
import { compileDraft, symbolNamed } from "../../src/payload/emit/emit.test.support.ts";
import { type EmittedPayload, emitPayload } from "../../src/payload/emit/emit.ts";
import type { GuardBytes, Replacement } from "../../src/payload/emit/input.ts";
import { markerFor } from "../../src/payload/marker.ts";
import { addTables } from "../../src/payload/write.ts";
import type { XenSyms } from "../../src/running/xen-syms.ts";
import { wantsWritableFuncs } from "../../src/xen-abi/features.ts";

/** Large, the same in all releases, and never called while a test runs. */
export const idle = {
  f: "common/keyhandler.c#dump_domains",
  g: "common/kexec.c#do_kexec_op_internal",
  h: "common/kexec.c#kexec_do_load_v1",
} as const;

export interface Wish {
  /** Returned by the new bodies; makes the payload another one. */
  readonly number: number;
  readonly replaces: readonly string[];
  readonly relies?: readonly string[];
  /** Of `replaces`, those that a payload below has replaced. */
  readonly below?: readonly string[];
  readonly requires?: readonly EmittedPayload[];
  /** What it sits on; the hypervisor if undefined. */
  readonly depends?: EmittedPayload;
  readonly mode?: "stack" | "cumulative" | "independent";
  readonly guard?: "full" | "entry" | "none";
  /** Changes what a guard expects of a function, in bytes from its start. */
  readonly wrong?: { readonly name: string; readonly offset: number };
}

export function makeGuarded(xen: XenSyms, wish: Wish): EmittedPayload {
  const { replaces, guard = "full", requires = [], mode = "independent" } = wish;
  assert.ok(xen.release);
  const c = replaces.map((_, index) => `int body_${index}(void) { return ${wish.number}; }`);
  const draft = compileDraft({ c: c.join("\n") });
  const replacements = replaces.map((oldName, index): Replacement => {
    const newBody = symbolNamed(draft, `body_${index}`);
    return { oldName, oldSizeBytes: functionNamed(xen, oldName).sizeBytes, newBody };
  });
  return emitPayload({
    architecture: "x86_64",
    payloadVersion: 2,
    objects: [{ source: "guarded.c", draft }],
    replacements,
    guards: guard === "none" ? [] : spoil(guardsOf(xen, wish, guard), wish.wrong),
    hooks: [],
    stacking: {
      mode,
      guard,
      marker: markerFor(xen.release, "x86_64"),
      requires: requires.map(({ buildId, marker }) => {
        assert.ok(marker);
        return { buildId: toHex(buildId), marker };
      }),
    },
    depends: wish.depends?.buildId ?? xen.buildId,
    xenDepends: xen.buildId,
    metadata: [],
    funcsAccess: wantsWritableFuncs(xen.release) ? "writable" : "read-only",
  });
}

function guardsOf(
  xen: XenSyms,
  { replaces, relies = [], below = [] }: Wish,
  level: "full" | "entry",
): readonly GuardBytes[] {
  const functions = [
    ...replaces.map((name) => ({ name, role: "replaced" as const })),
    ...relies.map((name) => ({ name, role: "relied" as const })),
  ].map(({ name, role }): GuardedFunction => {
    const { address, sizeBytes } = functionNamed(xen, name);
    const state = below.includes(name) ? "payload" : "hypervisor";
    return { name, address, sizeBytes, role, below: state };
  });
  return guardsFor({ image: xen, release: xen.release, functions, level }).guards;
}

function spoil(guards: readonly GuardBytes[], wrong: Wish["wrong"]): readonly GuardBytes[] {
  if (wrong === undefined) return guards;
  let spoiled = 0;
  const result = guards.map((guard) => {
    const index = wrong.offset - guard.oldOffset;
    if (guard.oldName !== wrong.name || index < 0 || index >= guard.bytes.length) return guard;
    spoiled++;
    const bytes = guard.bytes.slice();
    bytes[index] = (bytes[index] ?? 0) ^ 1;
    return { ...guard, bytes };
  });
  assert.equal(spoiled, 1, "one guard compares the byte");
  return result;
}

export function functionNamed(xen: XenSyms, name: string) {
  const found = xen.byName.get(name);
  assert.ok(found, `Xen has ${name}`);
  return found;
}

/** A byte that guards compare, far into the function; no NOP already. */
export function deepOffset(xen: XenSyms, name: string): number {
  const guards = guardsOf(xen, { number: 0, replaces: [name] }, "full");
  const last = guards.at(-2);
  assert.ok(last);
  return last.oldOffset + last.bytes.findLastIndex((byte) => byte !== 0x90);
}

/** Another payload, without metadata: a NOP over one byte of a function. */
export function makeNop(xen: XenSyms, name: string, offset: number): Uint8Array {
  assert.ok(xen.release);
  const draft: ElfDraft = {
    machine: machineOfArchitecture.x86_64,
    osAbi: 0,
    flags: 0,
    sections: [],
    symbols: [],
  };
  const id = toHex(xen.buildId);
  addTables(
    draft,
    {
      architecture: "x86_64",
      version: 2,
      functions: [
        {
          kind: "nop",
          name: `${name}+${offset}`,
          oldAddress: { kind: "symbol", symbol: name, addend: BigInt(offset) },
          oldSize: 1,
          newSize: 1,
          expectation: undefined,
        },
      ],
      hooks: [],
      buildId: unstampedBuildIdText(),
      depends: id,
      xenDepends: id,
      metadata: [],
      symbolMap: undefined,
      reasons: undefined,
    },
    wantsWritableFuncs(xen.release) ? "writable" : "read-only",
  );
  const bytes = writeElf(draft);
  stampBuildId(bytes);
  return bytes;
}

/** The payload with a marker of the same name and another id. */
export function withOtherMarker(payload: EmittedPayload): Uint8Array {
  assert.ok(payload.marker);
  const bytes = payload.bytes.slice();
  const at = Buffer.from(bytes).indexOf(payload.marker.id);
  assert.ok(at > 0);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  stampBuildId(bytes);
  return bytes;
}

/** Of the code of all functions of `idle`. */
export async function hashIdle(
  xen: XenSyms,
  read: (address: bigint, length: number) => Promise<Uint8Array>,
): Promise<string> {
  const hash = createHash("sha1");
  for (const name of Object.values(idle)) {
    const { address, sizeBytes } = functionNamed(xen, name);
    hash.update(await read(address, sizeBytes));
  }
  return hash.digest("hex");
}
