// The old-code guard: all bytes of the functions that a payload replaces, or relies on, as entries of
// its function table that write nothing and expect up to 31 bytes each. An unmodified Xen compares them
// before it applies the payload, and refuses without a change to the host if one byte differs. Bytes
// that cannot be compared are listed in the plan.

import { RELA_SIZE } from "../elf/raw.ts";
import { ENDBR64_SIZE, startsWithEndbr64 } from "../isa/endbr64.ts";
import { JUMP_SIZE, X86_JUMP_OPCODE } from "../isa/jump.ts";
import type { GuardBytes } from "../payload/emit/input.ts";
import { hasFeature } from "../xen-abi/features.ts";
import { PAYLOAD_SIZE_MAX } from "../xen-abi/limits.ts";
import { LIVEPATCH_FUNC_SIZE } from "../xen-abi/livepatch-func.ts";
import { type CodeRange, findBootChanges, rangesWithin } from "./boot-changes.ts";
import { type ComparedBytes, cutIntoChunks } from "./chunks.ts";
import { GuardError } from "./errors.ts";
import type {
  GuardedFunction,
  GuardPlan,
  GuardRequest,
  UnguardedRange,
  UnguardedReason,
} from "./plan.ts";

/**
 * How many bytes of a function level `entry` covers, and every level of one that is only called, after an
 * ENDBR64: the capacity of one entry, and more than a jump takes.
 */
const ENTRY_SIZE = 31;
/** Two relocations, of the label and of the address: RELA entries of ELF64. */
const FILE_BYTES_PER_GUARD = LIVEPATCH_FUNC_SIZE[2] + 2 * RELA_SIZE;

/**
 * Functions come as the builder found them in `request.image`; each one once.
 * @throws GuardError; ElfError when the file lacks bytes of a function
 */
export function guardsFor(request: GuardRequest): GuardPlan {
  const changes = findBootChanges(request);
  const plans = request.functions.map((target) => guardFunction(request, target, changes));
  const guards = plans.flatMap((plan) => plan.guards);
  checkFileSize(guards, plans);
  return { guards, unguarded: plans.flatMap((plan) => plan.unguarded) };
}

/** The size of `guards` in the payload's file, in bytes. */
export function fileBytesOf(guards: readonly GuardBytes[]): number {
  return guards.reduce((sum, { label }) => sum + FILE_BYTES_PER_GUARD + label.length + 1, 0);
}

function guardFunction(
  { image, release, level }: GuardRequest,
  target: GuardedFunction,
  changes: readonly CodeRange[],
): GuardPlan {
  const { name, address, sizeBytes } = target;
  if (sizeBytes === 0 || image.ambiguous.has(name)) {
    const range = { functionName: name, offset: 0, sizeBytes, reason: "no-name" } as const;
    return { guards: [], unguarded: [range] };
  }
  const isArm = image.architecture === "aarch64";
  const bytes = image.bytesAt(address, sizeBytes);
  const entry = !isArm && jumpsBehindMark(release) && startsWithEndbr64(bytes) ? ENDBR64_SIZE : 0;
  const looksAt = target.role === "called" ? entry + ENTRY_SIZE : sizeBytes;
  const code = new FunctionCode(bytes.slice(0, looksAt));
  const end = address + BigInt(sizeBytes);
  for (const range of rangesWithin(changes, { start: address, end })) {
    code.leaveOut(Number(range.start - address), Number(range.end - address), "boot-change");
  }
  // Xen overwrites it on some hosts; the jump is written after it, so nothing is lost.
  code.leaveOut(0, entry, "landing-mark");
  const afterJump = entry + JUMP_SIZE[image.architecture];
  if (target.role === "relied") code.leaveOut(entry, afterJump, "replaceable-entry");
  else if (target.below === "payload") {
    code.leaveOut(entry, afterJump, "jump-below");
    if (!isArm) code.expect(entry, X86_JUMP_OPCODE);
  }
  if (level === "entry") {
    const asked = target.role === "relied" ? 0 : entry + ENTRY_SIZE;
    code.leaveOut(asked, sizeBytes, "not-asked-for");
  }
  const chunks = cutIntoChunks(code, image.architecture);
  for (const offset of chunks.skipped) code.leaveOut(offset, offset + 1, "landing-mark");
  return {
    guards: chunks.chunks.map(({ offset, bytes }) => ({
      label: `${name}+${offset}`,
      oldName: name,
      oldOffset: offset,
      bytes,
    })),
    unguarded: code.leftOut(name),
  };
}

/** Earlier loaders write their jump over the mark (ABI reference §5.1). */
function jumpsBehindMark(release: GuardRequest["release"]): boolean {
  return release === undefined || hasFeature(release, "endbr-aware");
}

/** The bytes that memory must hold, and those that cannot be predicted. */
class FunctionCode implements ComparedBytes {
  readonly bytes: Uint8Array;
  readonly #reasons: (UnguardedReason | undefined)[];

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#reasons = Array.from({ length: bytes.length });
  }

  /** The first reason is kept. */
  leaveOut(start: number, end: number, reason: UnguardedReason): void {
    const last = Math.min(end, this.bytes.length);
    for (let offset = Math.max(start, 0); offset < last; offset++) {
      this.#reasons[offset] ??= reason;
    }
  }

  expect(offset: number, byte: number): void {
    if (offset >= this.bytes.length) return;
    this.bytes[offset] = byte;
    this.#reasons[offset] = undefined;
  }

  isCompared(offset: number): boolean {
    return this.#reasons[offset] === undefined;
  }

  leftOut(functionName: string): readonly UnguardedRange[] {
    const ranges: UnguardedRange[] = [];
    for (const [offset, reason] of this.#reasons.entries()) {
      if (reason === undefined) continue;
      const last = ranges.at(-1);
      const continues = last?.reason === reason && last.offset + last.sizeBytes === offset;
      if (continues) ranges[ranges.length - 1] = { ...last, sizeBytes: last.sizeBytes + 1 };
      else ranges.push({ functionName, offset, sizeBytes: 1, reason });
    }
    return ranges;
  }
}

/** The guards alone exceed the file's limit; the emitter cannot make it smaller. */
function checkFileSize(guards: readonly GuardBytes[], plans: readonly GuardPlan[]): void {
  const total = fileBytesOf(guards);
  if (total <= PAYLOAD_SIZE_MAX) return;
  const largest = plans
    .flatMap((plan) => {
      const name = plan.guards[0]?.oldName;
      return name === undefined ? [] : [{ name, fileBytes: fileBytesOf(plan.guards) }];
    })
    .sort((left, right) => right.fileBytes - left.fileBytes)
    .slice(0, 3)
    .map(({ name, fileBytes }) => `"${name}" with ${fileBytes} bytes`);
  throw new GuardError({
    code: "guard/too-large",
    problem: `Cannot guard ${plans.length} functions in full: it takes ${guards.length} entries, ${total} bytes of the payload's file`,
    where: `the largest are ${largest.join(", ")}`,
    expected: `at most ${PAYLOAD_SIZE_MAX} bytes (2 MiB), code and data included, which is all that Xen loads`,
    remedy: "split the fix into several payloads, or build with --guard entry",
  });
}
