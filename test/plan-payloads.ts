// Payloads for the small hypervisor of the model's tests, made by the real emitter without any
// compiler, guards and markers included: what the planner's tests move about.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "../src/bytes/hex.ts";
import { draftFrom } from "../src/elf/draft-from.ts";
import { readElf } from "../src/elf/read.ts";
import { emitPayload } from "../src/payload/emit/emit.ts";
import type { GuardBytes, Hook } from "../src/payload/emit/input.ts";
import type { Marker } from "../src/payload/marker.ts";
import type { GuardLevel, PayloadMode } from "../src/payload/metadata-keys.ts";
import { parsePayload } from "../src/payload/parse.ts";
import { factsOfPayload } from "../src/plan/facts.ts";
import type { GivenPayload } from "../src/plan/piece.ts";
import type { HookKind } from "../src/xen-abi/hooks.ts";
import { makeElf } from "../src/xen-model/hand-made-elf.test.support.ts";
import {
  FUNCTION_SIZE,
  functionNames,
  syntheticModel,
  TEXT_START,
  XEN_ID,
} from "../src/xen-model/synthetic.test.support.ts";

export interface Design {
  readonly name: string;
  readonly mode: PayloadMode;
  readonly guard: GuardLevel;
  readonly functions: readonly FunctionName[];
  /** Functions that are guarded and not replaced, their entries included. */
  readonly relied?: readonly FunctionName[];
  /** What it is made to sit on, from the bottom to the top. */
  readonly on: readonly MadePayload[];
  readonly data: "writable" | "none";
  readonly hooks: readonly HookKind[];
  /** Guards expect another byte at the entry of each function than there is. */
  readonly expects?: "another-entry";
  /** Functions that CPUs leave a moment after a revert. */
  readonly lingers?: readonly string[];
  /** Build-id of the hypervisor that it is for; that of the tests' one by default. */
  readonly xen?: string;
  /** Different ones give different payloads. */
  readonly content: number;
}

type FunctionName = (typeof functionNames)[number];

export interface MadePayload extends GivenPayload {
  readonly design: Design;
  readonly bytes: Uint8Array;
  readonly buildId: string;
  readonly marker: Marker | undefined;
}

/**
 * What makes payloads as files of `folder`, and by its design each.
 * @param firstContent of the first; each further one has other contents
 */
export function payloadFiles(folder: string, firstContent: number) {
  let content = firstContent;
  return (name: string, design: Partial<Design>): MadePayload & { readonly path: string } => {
    const plain = { mode: "stack", guard: "full", functions: ["alpha"], on: [] } as const;
    const rest = { data: "none", hooks: [], content: content++ } as const;
    const payload = makePayload({ ...plain, ...rest, ...design, name });
    const path = join(folder, `${name}.livepatch`);
    writeFileSync(path, payload.bytes);
    return { ...payload, path };
  };
}

export function makePayload(design: Design): MadePayload {
  const draft = draftFrom(readElf(makeObject(design), design.name));
  const symbolNamed = (name: string) => {
    const found = draft.symbols.find((symbol) => symbol.name === name);
    if (found === undefined) throw new Error(`no symbol ${name}`);
    return found;
  };
  const { mode, guard, functions, relied = [], on, xen = XEN_ID } = design;
  const top = on.at(-1);
  const isFree = mode === "independent";
  const depends = isFree || top === undefined ? xen : top.buildId;
  const changedBelow = new Set(on.flatMap((lower) => lower.design.functions));
  const hooks = design.hooks.map((kind): Hook => ({ kind, code: symbolNamed("hook") }));
  const emitted = emitPayload({
    architecture: "x86_64",
    payloadVersion: 2,
    funcsAccess: "read-only",
    hooks,
    objects: [{ source: design.name, draft }],
    replacements: functions.map((oldName) => ({
      oldName,
      oldSizeBytes: FUNCTION_SIZE,
      newBody: symbolNamed(`new_${oldName}`),
    })),
    guards:
      guard === "full"
        ? [...functions, ...relied].flatMap((name) =>
            guardsOf(name, changedBelow.has(name)).map((entry) =>
              design.expects === undefined ? entry : withOtherEntry(entry),
            ),
          )
        : [],
    stacking: {
      mode,
      guard,
      marker: "carried",
      requires: isFree
        ? on.flatMap(({ buildId, marker }) => (marker ? { buildId, marker } : []))
        : [],
    },
    depends: Buffer.from(depends, "hex"),
    xenDepends: Buffer.from(xen, "hex"),
    metadata: [["title", design.name]],
    standing: { lingers: design.lingers ?? [], parks: [], sleeps: [], unsafe: [] },
  });
  const { name } = design;
  const facts = factsOfPayload(parsePayload(emitted.bytes, name));
  const buildId = toHex(emitted.buildId);
  return { ...emitted, design, name, source: `${name}.livepatch`, facts, buildId };
}

/** A body for each function, code for hooks, and data if asked for. */
function makeObject({ functions, data, hooks, content }: Design): Uint8Array {
  const bodies = functions.map((name) => `new_${name}`);
  const code = [...bodies, ...(hooks.length > 0 ? ["hook"] : [])];
  const text = (name: string) => ({
    name: `.text.${name}`,
    flags: "AX",
    alignment: 16n,
    bytes: Uint8Array.of(0xb8, content & 255, content >> 8, 0, 0, 0xc3),
  });
  const writable = { name: ".data.state", flags: "AW", bytes: Uint8Array.of(content & 255, 1) };
  return makeElf({
    sections: [...code.map(text), ...(data === "writable" ? [writable] : [])],
    symbols: [
      ...code.map((name) => ({ name, section: `.text.${name}`, size: 6n })),
      ...(data === "writable"
        ? [{ name: "state", section: ".data.state", info: 0x11, size: 2n }]
        : []),
    ],
  });
}

/** Such bytes lie under the jump of whoever has replaced the function: no probe can see them. */
function withOtherEntry(guard: GuardBytes): GuardBytes {
  if (guard.oldOffset >= 5) return guard;
  const bytes = guard.bytes.slice();
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return { ...guard, bytes };
}

const memory = syntheticModel();

/** Every byte, but for the landing mark and, behind another payload's jump, its distance. */
function guardsOf(name: FunctionName, isChanged: boolean): GuardBytes[] {
  const address = TEXT_START + BigInt(functionNames.indexOf(name) * FUNCTION_SIZE);
  const read = memory.read(address, FUNCTION_SIZE);
  if (read.kind !== "bytes") throw new Error(`no bytes of ${name}`);
  const start = name === "marked" ? 4 : 0;
  const guard = (oldOffset: number, bytes: Uint8Array): GuardBytes => {
    return { label: `${name}+${oldOffset}`, oldName: name, oldOffset, bytes };
  };
  const guards: GuardBytes[] = [];
  if (isChanged) guards.push(guard(start, Uint8Array.of(0xe9)));
  for (let at = start + (isChanged ? 5 : 0); at < FUNCTION_SIZE; at += 31) {
    guards.push(guard(at, read.bytes.subarray(at, Math.min(at + 31, FUNCTION_SIZE))));
  }
  return guards;
}
