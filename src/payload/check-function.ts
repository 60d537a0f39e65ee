// What Xen would refuse in one entry of `.livepatch.funcs`, at upload or at apply: ABI reference
// §1.3, §1.4, §2.10. What depends on the hypervisor's own code (is the function large enough for
// a jump behind its ENDBR64, is it in reach) cannot be seen in the payload alone.

import { NOP_SIZE_MAX } from "../xen-abi/limits.ts";
import type { LivepatchFunc } from "../xen-abi/livepatch-func.ts";
import type { PayloadVersion } from "../xen-abi/release.ts";
import type { PayloadErrorCode } from "./errors.ts";
import type { PayloadFunction } from "./payload.ts";
import type { PayloadFile } from "./targets.ts";

/** Bytes of the jump that Xen writes over a function's start. */
const JUMP_SIZE = { x86_64: 5, aarch64: 4 } as const;
/** Instructions of AArch64 are 4 bytes long, so NOPs fill multiples of that. */
const NOP_UNIT = { x86_64: 1, aarch64: 4 } as const;

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
    refuse("payload/trap", state, "zeros; some releases would skip the function without a word");
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
}

type Refuse = (code: PayloadErrorCode, state: string, expected: string) => void;

function checkSizes({ architecture }: PayloadFile, entry: PayloadFunction, refuse: Refuse): void {
  const { oldSize } = entry;
  const jump = JUMP_SIZE[architecture];
  // Arm looks at this in every mode.
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
