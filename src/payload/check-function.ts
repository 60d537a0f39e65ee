// Problems of one entry of `.livepatch.funcs` that Xen would refuse, at upload or at apply: ABI
// reference §1.3, §1.4, §2.10. Checks that need the hypervisor's own code (is the function large enough
// for a jump after its ENDBR64, is it in reach) are not possible from the payload alone.

import { AARCH64_INSTRUCTION_SIZE } from "../isa/aarch64/branches.ts";
import { ENDBR64_SIZE, startsWithEndbr64, startsWithPoisonedEndbr } from "../isa/endbr64.ts";
import { JUMP_SIZE } from "../isa/jump.ts";
import { NOP_SIZE_MAX } from "../xen-abi/limits.ts";
import type { LivepatchFunc } from "../xen-abi/livepatch-func.ts";
import type { PayloadVersion } from "../xen-abi/release.ts";
import type { PayloadErrorCode } from "./errors.ts";
import type { PayloadFunction } from "./payload.ts";
import type { PayloadFile } from "./targets.ts";

/** NOPs replace whole instructions; size in bytes. */
const NOP_UNIT = { x86_64: 1, aarch64: AARCH64_INSTRUCTION_SIZE } as const;

export interface CheckedEntry {
  readonly raw: LivepatchFunc;
  readonly entry: PayloadFunction;
  /** That of the table. */
  readonly version: PayloadVersion;
  readonly where: string;
}

export function checkFunction(file: PayloadFile, checked: CheckedEntry): void {
  const { raw, entry, version, where } = checked;
  const label = entry.name === undefined ? "a function entry" : `"${entry.name}"`;
  const refuse = (code: PayloadErrorCode, state: string, expected: string): void =>
    file.findings.error({ code, problem: `Cannot patch ${label}: ${state}`, where, expected });

  if (raw.version !== version) {
    const expected = `version ${version}, as in the first entry`;
    refuse("payload/unsupported", `the entry is of version ${raw.version}`, expected);
  }
  if (raw.reserved.some((byte) => byte !== 0)) {
    const state = "the bytes that Xen keeps its own state in are not zero";
    refuse("payload/trap", state, "zeros; some releases would skip the function silently");
  }
  if (entry.oldAddress.kind === "name" && entry.name === undefined) {
    refuse("payload/malformed", "it has neither a name nor an old address", "one of them");
  }
  if (raw.oldSize === 0) {
    refuse("payload/malformed", "the old function has 0 bytes", "its size in the hypervisor");
    return;
  }
  checkSizes(file, entry, refuse);
  checkExpectation(raw, refuse);
  checkLanding(file, entry, refuse);
}

/**
 * An entry for a function that an earlier entry patches. Xen restores in the order in which it patched,
 * so the function ends with the bytes saved by the last entry, the first one's jump (ABI reference
 * §3.9). Guards write nothing.
 */
export class WrittenPlaces {
  readonly #seen = new Set<string>();

  check(file: PayloadFile, entry: PayloadFunction, where: string): void {
    if (entry.kind === "guard") return;
    const { oldAddress, name } = entry;
    const place =
      oldAddress.kind === "name" || (oldAddress.kind === "symbol" && oldAddress.addend === 0n)
        ? ["symbol", oldAddress.kind === "name" ? name : oldAddress.symbol]
        : Object.values(oldAddress).map(String);
    const key = place.join("\0");
    if (this.#seen.has(key)) {
      file.findings.error({
        code: "payload/trap",
        problem: `Cannot patch "${name ?? place[1]}" twice: Xen would never restore it`,
        where,
        expected: "one entry that writes to a place",
      });
    }
    this.#seen.add(key);
  }
}

type Refuse = (code: PayloadErrorCode, state: string, expected: string) => void;

function checkSizes({ architecture }: PayloadFile, entry: PayloadFunction, refuse: Refuse): void {
  const { oldSize } = entry;
  const jump = JUMP_SIZE[architecture];
  // Arm checks this in every mode.
  if ((entry.kind === "replace" || architecture === "aarch64") && oldSize < jump) {
    const expected = `at least ${jump} bytes, the room of a jump`;
    refuse("payload/malformed", `the old function has ${oldSize} bytes`, expected);
  }
  if (entry.kind !== "nop") return;
  if (entry.newSize > NOP_SIZE_MAX || entry.newSize % NOP_UNIT[architecture] !== 0) {
    const unit = architecture === "aarch64" ? ", a multiple of 4" : "";
    const expected = `at most ${NOP_SIZE_MAX} bytes${unit}`;
    refuse("payload/unsupported", `${entry.newSize} bytes are to become NOPs`, expected);
  }
  if (architecture === "x86_64" && oldSize < entry.newSize) {
    const state = `${entry.newSize} of its ${oldSize} bytes are to become NOPs`;
    refuse("payload/malformed", state, "no more than the function has");
  }
}

function checkExpectation({ expectation, oldSize }: LivepatchFunc, refuse: Refuse): void {
  if (!expectation?.enabled) return;
  if (expectation.reserved !== 0) {
    const state = `its expectation has ${expectation.reserved} in its reserved bits`;
    refuse("payload/malformed", state, "0; Xen will not apply it");
  }
  if (expectation.length > oldSize) {
    const state = `it expects ${expectation.length} bytes of a function of ${oldSize}`;
    refuse("payload/malformed", state, "no more than the function has; Xen will not apply it");
  }
}

/** After an ENDBR64 Xen blanks 4 bytes less; fewer than 4 would wrap to almost 4 GiB (§5.2). */
function checkLanding({ architecture }: PayloadFile, entry: PayloadFunction, refuse: Refuse): void {
  if (architecture !== "x86_64" || entry.kind === "replace") return;
  const blanked = entry.kind === "nop" ? entry.newSize : 0;
  const expected = entry.expectation ?? new Uint8Array();
  if (
    blanked >= ENDBR64_SIZE ||
    !(startsWithEndbr64(expected) || startsWithPoisonedEndbr(expected))
  )
    return;
  const state = `it starts with ENDBR64, and ${blanked} bytes are to become NOPs`;
  refuse(
    "payload/trap",
    state,
    "a place after the ENDBR64; Xen would crash when it applies the payload",
  );
}
