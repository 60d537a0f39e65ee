import assert from "node:assert/strict";
import { test } from "node:test";
import { Aarch64Relocation } from "./aarch64.ts";
import { machineOfArchitecture } from "./architecture.ts";
import { type FilledBytes, filledBytes } from "./filled-bytes.ts";
import { X86Relocation } from "./x86.ts";

const { x86_64, aarch64 } = machineOfArchitecture;
const X = X86Relocation;
const A = Aarch64Relocation;

const address = (size: number): FilledBytes => ({ size, isRelative: false, isInstruction: false });
const distance = (size: number): FilledBytes => ({ size, isRelative: true, isInstruction: false });
const instruction: FilledBytes = { size: 4, isRelative: false, isInstruction: true };

const cases: readonly (readonly [string, number, number, FilledBytes])[] = [
  ["R_X86_64_NONE", x86_64, X.R_X86_64_NONE, address(0)],
  ["R_X86_64_64", x86_64, X.R_X86_64_64, address(8)],
  ["R_X86_64_32S", x86_64, X.R_X86_64_32S, address(4)],
  ["R_X86_64_8", x86_64, X.R_X86_64_8, address(1)],
  ["R_X86_64_PC32", x86_64, X.R_X86_64_PC32, distance(4)],
  ["R_X86_64_PC16", x86_64, X.R_X86_64_PC16, distance(2)],
  ["R_X86_64_GOTPCREL, without a rule", x86_64, X.R_X86_64_GOTPCREL, distance(4)],
  ["R_AARCH64_NONE", aarch64, A.R_AARCH64_NONE, address(0)],
  ["R_AARCH64_ABS16", aarch64, A.R_AARCH64_ABS16, address(2)],
  ["R_AARCH64_PREL64", aarch64, A.R_AARCH64_PREL64, distance(8)],
  ["R_AARCH64_CALL26", aarch64, A.R_AARCH64_CALL26, instruction],
  ["R_AARCH64_ADR_GOT_PAGE, without a rule", aarch64, A.R_AARCH64_ADR_GOT_PAGE, instruction],
];

test("filledBytes() tells width and meaning, also of types that Xen's loader refuses", () => {
  for (const [name, machine, type, expected] of cases) {
    assert.deepEqual(filledBytes(machine, type), expected, name);
  }
});
