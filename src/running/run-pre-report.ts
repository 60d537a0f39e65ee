// Explains a run-pre mismatch (run-pre.ts): the first instruction that differs, as compiled here and as
// it runs, and the likely cause.

import { hexNumber } from "../bytes/hex.ts";
import type { Atom, SplitObject } from "../diff/atom.ts";
import { disassemble } from "../isa/disassemble.ts";
import { checkRunPre, type RunPreDifference, type RunPreMismatch } from "./run-pre.ts";
import type { XenSyms } from "./xen-syms.ts";

export interface RunPreRefusal {
  readonly function: string;
  /** What differs, and where. */
  readonly problem: string;
  /** The first instruction that differs, on either side; none when the function is missing. */
  readonly built: string | undefined;
  readonly running: string | undefined;
  readonly likely: string;
}

/**
 * The report about those of `functions`, atoms of `pre`, that the hypervisor does not have unchanged.
 * `compilerDifference` is the result of compiler-check.ts.
 */
export function refuseMismatches(
  pre: SplitObject,
  functions: readonly Atom[],
  xen: XenSyms,
  compilerDifference: string | undefined,
): readonly RunPreRefusal[] {
  const mismatches = checkRunPre(pre, functions, xen);
  if (mismatches.length === 0) return [];
  const likely = compilerDifference ?? likelyReason(pre, xen);
  return mismatches.map((mismatch) => explainMismatch(mismatch, pre, xen, likely));
}

function explainMismatch(
  { name, atom, running, difference }: RunPreMismatch,
  pre: SplitObject,
  xen: XenSyms,
  likely: string,
): RunPreRefusal {
  if (difference.kind === "missing" || running === undefined) {
    const problem = "the hypervisor has no function of this name";
    return { function: name, problem, built: undefined, running: undefined, likely };
  }
  const { offset } = difference;
  const runningBytes = xen.bytesAt(running.address, running.sizeBytes);
  return {
    function: name,
    problem: problemOf(atom, difference, running.sizeBytes),
    built: instructionAt(pre, atom.bytes ?? new Uint8Array(), 0n, offset),
    running: instructionAt(pre, runningBytes, running.address, offset),
    likely,
  };
}

function problemOf(
  atom: Atom,
  difference: Exclude<RunPreDifference, { readonly kind: "missing" }>,
  runningSize: number,
): string {
  switch (difference.kind) {
    case "size":
      return `it is ${atom.size} bytes long here, ${runningSize} bytes in the hypervisor`;
    case "bytes":
      return `the instruction at ${placeOf(difference.offset)} differs`;
    case "reference":
      return `the reference at ${placeOf(difference.offset)} differs: ${difference.problem}`;
  }
}

function placeOf(offset: number): string {
  return `+${hexNumber(offset)}`;
}

/** `+0x1c: cmp $0x4,%eax`; none where instructions cannot be shown. */
function instructionAt(
  { object }: SplitObject,
  bytes: Uint8Array,
  address: bigint,
  offset: number,
): string | undefined {
  const line = disassemble(object.header.machine, bytes, { address })
    .map((found) => ({ ...found, offset: Number(found.address - address) }))
    .find((found) => offset < found.offset + found.bytes.length);
  return line === undefined ? undefined : `${placeOf(line.offset)}: ${line.text}`;
}

/**
 * A compiler, its flags and the configuration affect all functions; another version of the source
 * affects the functions that changed.
 */
function likelyReason(pre: SplitObject, xen: XenSyms): string {
  // Init code is compared as well: it is equally good evidence about compilers and sources.
  const functions = pre.atoms.filter(({ kind }) => kind === "function");
  const different = checkRunPre(pre, functions, xen).length;
  const share = `${different} of the ${functions.length} functions of ${pre.file} differ`;
  return different * 2 > functions.length
    ? `another configuration, other compiler flags or another release: ${share}`
    : `another version of the source, or a patch that only one side has: ${share}`;
}
