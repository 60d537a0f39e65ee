// A function's instructions and those of its cold part, one after the other, so that the code before and
// after a patch can be compared line by line: without places, which move, but with what is referred to.

import { disassemble } from "../../isa/disassemble.ts";
import type { X86Instruction } from "../../isa/x86-instructions.ts";
import { findInstructions } from "../../isa/x86-references.ts";
import type { Atom, Reference } from "../atom.ts";
import { requireDefined } from "../require-defined.ts";

export interface CodeRow {
  /** The same for instructions that do the same. */
  readonly key: string;
  /** In hex; it may be the number of a line, so it is left out of the key. */
  readonly immediate: string | undefined;
  /** Where on the stack, left out of the key: another frame moves it. */
  readonly stackOffset: string | undefined;
  /** A variable of those that look for their partner. */
  readonly use: Atom | undefined;
  /** Of the row that a branch leads to; undefined when it leaves the function. */
  readonly target: number | undefined;
  readonly isConditional: boolean;
  /** Whether the next row can follow. */
  readonly falls: boolean;
  /** Filling, what keeps registers for the caller, or a jump inside of the function that depends on nothing. */
  readonly isSilent: boolean;
  /** A jump of which nobody knows where it leads. */
  readonly isOpenJump: boolean;
}

/** How to say what a reference means; `use` when it is one of the variables. */
export type NameReference = (reference: Reference) => NamedReference;

interface NamedReference {
  readonly name: string;
  readonly use?: Atom | undefined;
}

/** Undefined for code that cannot be decoded. */
export function codeRowsOf(
  parts: readonly Atom[],
  machine: number,
  nameReference: NameReference,
): readonly CodeRow[] | undefined {
  const rowAt = new Map<Atom, ReadonlyMap<number, number>>();
  const decoded: { readonly atom: Atom; readonly instructions: readonly X86Instruction[] }[] = [];
  let count = 0;
  for (const atom of parts) {
    const instructions = atom.bytes && findInstructions(atom.bytes);
    if (instructions === undefined) return undefined;
    const first = count;
    rowAt.set(atom, new Map(instructions.map(({ offset }, index) => [offset, first + index])));
    decoded.push({ atom, instructions });
    count += instructions.length;
  }
  return decoded.flatMap(({ atom, instructions }) => {
    const texts = disassemble(machine, withoutImmediates(atom, instructions), { address: 0n });
    return instructions.map((instruction, index) =>
      rowOf({ atom, instruction, text: requireDefined(texts[index]).text, rowAt, nameReference }),
    );
  });
}

interface RowSource {
  readonly atom: Atom;
  readonly instruction: X86Instruction;
  readonly text: string;
  /** By the offset in each part. */
  readonly rowAt: ReadonlyMap<Atom, ReadonlyMap<number, number>>;
  readonly nameReference: NameReference;
}

function rowOf({ atom, instruction, text, rowAt, nameReference }: RowSource): CodeRow {
  const { offset, length, reference: distance } = instruction;
  const within = atom.references.filter(
    (one) => one.offset >= offset && one.offset < offset + length,
  );
  const isBranch = distance !== undefined && distance.kind !== "operand";
  const inside = within.find(
    ({ target }) => target.kind === "atom" && target.offset !== 0 && rowAt.has(target.atom),
  )?.target;
  let target: number | undefined;
  if (inside?.kind === "atom") target = rowAt.get(inside.atom)?.get(inside.offset);
  else if (isBranch && within.length === 0) {
    target = rowAt.get(atom)?.get(Number(distance.target));
  }
  const names: readonly NamedReference[] =
    inside === undefined ? within.map(nameReference) : [{ name: "inside" }];
  const { shape, stackOffset } = shapeOf(text, isBranch);
  const mnemonic = shape.replace(/^(rep|bnd|notrack) /, "");
  return {
    key: [shape, ...names.map(({ name }) => name)].join(" "),
    immediate: isFrame(shape) ? undefined : immediateOf(atom, instruction),
    stackOffset,
    use: names.find(({ use }) => use !== undefined)?.use,
    target,
    isConditional: distance?.kind === "conditional-jump",
    falls: !/^(jmp|ret|iret|sysret|sysexit|hlt|ud2)/.test(mnemonic),
    isSilent: isSilent(shape) || (target !== undefined && distance?.kind === "jump"),
    isOpenJump: /^jmp \*/.test(mnemonic),
  };
}

/** The instruction without places: how far it jumps, and where on the stack it works. */
function shapeOf(
  text: string,
  isBranch: boolean,
): Pick<CodeRow, "stackOffset"> & { shape: string } {
  if (isBranch) return { shape: text.replace(/ [^ ]*$/, ""), stackOffset: undefined };
  const onStack = /(-?(?:0x)?[0-9a-f]*)\((%rsp[),])/;
  const shape = text
    .replace(/^(add|sub) \$\w+,%rsp$/, "frame $1")
    .replace(/-?(?:0x)?[0-9a-f]*\(%rip\)/, "(%rip)")
    .replace(/ # 0x[0-9a-f]+$/, "");
  return { shape: shape.replace(onStack, "($2"), stackOffset: onStack.exec(shape)?.[1] };
}

function isSilent(shape: string): boolean {
  return /^(nop|xchg %ax,%ax$|(push|pop) %|frame )/.test(shape);
}

function isFrame(shape: string): boolean {
  return shape.startsWith("frame ");
}

function withoutImmediates(
  { bytes = new Uint8Array() }: Atom,
  instructions: readonly X86Instruction[],
): Uint8Array {
  const copy = bytes.slice();
  for (const { immediate } of instructions) {
    if (immediate !== undefined && mayBeLine(immediate)) {
      copy.fill(0, immediate.start, immediate.start + immediate.size);
    }
  }
  return copy;
}

function immediateOf({ bytes }: Atom, { immediate }: X86Instruction): string | undefined {
  if (immediate === undefined || !mayBeLine(immediate)) return undefined;
  const { start, size } = immediate;
  return (
    bytes &&
    `0x${Buffer.from(bytes.slice(start, start + size))
      .reverse()
      .toString("hex")}`
  );
}

function mayBeLine({ size }: { readonly size: number }): boolean {
  return size >= 2;
}
