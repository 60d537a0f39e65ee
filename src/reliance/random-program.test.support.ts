// Small random programs for tests of what is said of registers: functions that call each other, as
// machine code and as something that can be run. Branches lead forwards and calls to earlier functions,
// so that each one ends. Not a test.

import { FunctionCode } from "./function-code.ts";

/** In the order of their numbers in instructions; rbx stands for all that survive calls. */
export const registers = ["rax", "rcx", "rdx", "rbx", "rsi", "rdi", "r8", "r9"] as const;
type Name = (typeof registers)[number];
const numbers = { rax: 0, rcx: 1, rdx: 2, rbx: 3, rsi: 6, rdi: 7, r8: 8, r9: 9 } as const;

type Instruction =
  | { readonly op: "set"; readonly to: Name; readonly value: number }
  | { readonly op: "copy" | "copy-byte" | "add"; readonly to: Name; readonly from: Name }
  | { readonly op: "test" | "push" | "pop"; readonly to: Name }
  | { readonly op: "set-pushed"; readonly value: number }
  | { readonly op: "jump-if-zero"; readonly skip: number }
  | { readonly op: "call"; readonly callee: number }
  | { readonly op: "return" };

/** The earlier ones first; each may call those before it. */
export interface Program {
  readonly functions: readonly (readonly Instruction[])[];
  readonly codes: readonly FunctionCode[];
  /** Where each instruction begins, of each function. */
  readonly offsets: readonly (readonly number[])[];
}

export type State = Record<Name, number>;

export function randomProgram(random: (below: number) => number): Program {
  const functions = Array.from({ length: 4 }, (_, index) => randomFunction(random, index));
  const offsets = functions.map(placesOf);
  const codes: FunctionCode[] = [];
  for (const [index, instructions] of functions.entries()) {
    const places = offsets[index] ?? [];
    const callees = new Map(
      instructions.flatMap((instruction, at) =>
        instruction.op === "call" ? [[(places[at] ?? 0) + 1, instruction.callee] as const] : [],
      ),
    );
    codes.push(
      new FunctionCode({
        name: `f${index}`,
        bytes: Uint8Array.from(instructions.flatMap((one, at) => encode(one, at, places))),
        leadTo: ({ fieldOffset, target }) => {
          const callee = codes[callees.get(fieldOffset) ?? -1];
          if (callee === undefined) return { kind: "inside", offset: target };
          return { kind: "function", place: { code: callee, offset: 0 }, isSeen: true };
        },
      }),
    );
  }
  return { functions, codes, offsets };
}

export interface Run {
  /** The instruction to begin with; the first if undefined. */
  readonly from?: number;
  /** What is in the registers when the function with this number has returned. */
  readonly afterCall?: (callee: number, left: State) => State;
}

/** What a function leaves. */
export function run(program: Program, index: number, state: State, how: Run = {}): State {
  const { from = 0, afterCall = (_, left) => left } = how;
  const now = { ...state };
  const stack: number[] = [];
  let isZero = false;
  const instructions = program.functions[index] ?? [];
  for (let at = from; ; at++) {
    const one = instructions[at] ?? { op: "return" };
    switch (one.op) {
      case "set":
        now[one.to] = one.value;
        break;
      case "copy":
        now[one.to] = now[one.from];
        break;
      case "copy-byte":
        now[one.to] = (now[one.to] & ~0xff) | (now[one.from] & 0xff);
        break;
      case "add":
        now[one.to] = (now[one.to] + now[one.from]) | 0;
        isZero = now[one.to] === 0;
        break;
      case "test":
        isZero = now[one.to] === 0;
        break;
      case "push":
        stack.push(now[one.to]);
        break;
      case "pop":
        now[one.to] = stack.pop() ?? 0;
        break;
      case "set-pushed":
        stack[stack.length - 1] = one.value;
        break;
      case "jump-if-zero":
        if (isZero) at += one.skip;
        break;
      case "call":
        Object.assign(now, afterCall(one.callee, run(program, one.callee, now, { afterCall })));
        break;
      case "return":
        return now;
    }
  }
}

function randomFunction(random: (below: number) => number, index: number): Instruction[] {
  const name = (): Name => registers[random(registers.length)] ?? "rax";
  const body = Array.from({ length: 3 + random(8) }, (): Instruction => {
    switch (random(index === 0 ? 6 : 8)) {
      case 0:
        return { op: "set", to: name(), value: random(3) };
      case 1:
        return { op: "copy", to: name(), from: name() };
      case 2:
        return { op: "copy-byte", to: name(), from: name() };
      case 3:
        return { op: "add", to: name(), from: name() };
      case 4:
      case 5:
        return { op: "test", to: name() };
      default:
        return { op: "call", callee: random(index) };
    }
  });
  // A jump goes by the flags that a test before it has set, never by what a call left in them.
  const whole = body.flatMap((one, at): Instruction[] => {
    const room = body.length - at - 1;
    if (one.op !== "test" || room < 1) return [one];
    return [one, { op: "jump-if-zero", skip: 1 + random(room) }];
  });
  const jumping = shortenJumps(whole);
  if (random(3) > 0) return [...jumping, { op: "return" }];
  const saved = Array.from({ length: 1 + random(2) }, name);
  // Some only make room, or write over what they have pushed.
  const restored = saved.toReversed().map((one) => (random(4) > 0 ? one : name()));
  return [
    ...saved.map((to) => ({ op: "push", to }) as const),
    ...jumping,
    ...(random(4) > 0 ? [] : [{ op: "set-pushed", value: random(3) } as const]),
    ...restored.map((to) => ({ op: "pop", to }) as const),
    { op: "return" },
  ];
}

/** To the end of the body at most. */
function shortenJumps(body: readonly Instruction[]): Instruction[] {
  return body.map((one, at) =>
    one.op === "jump-if-zero" ? { ...one, skip: Math.min(one.skip, body.length - at - 1) } : one,
  );
}

function placesOf(instructions: readonly Instruction[]): readonly number[] {
  let place = 0;
  return instructions.map((one) => {
    const start = place;
    place += encode(one, 0, []).length;
    return start;
  });
}

function encode(one: Instruction, at: number, places: readonly number[]): number[] {
  const to = "to" in one ? numbers[one.to] : 0;
  const from = "from" in one ? numbers[one.from] : 0;
  const rex = 0x48 | (from >= 8 ? 4 : 0) | (to >= 8 ? 1 : 0);
  const operands = 0xc0 | ((from & 7) << 3) | (to & 7);
  switch (one.op) {
    case "set":
      return [0x48 | (to >= 8 ? 1 : 0), 0xc7, 0xc0 | (to & 7), ...le32(one.value)];
    case "copy":
      return [rex, 0x89, operands];
    case "copy-byte":
      return [rex & ~8, 0x88, operands];
    case "add":
      return [rex, 0x01, operands];
    case "test":
      return [0x48 | (to >= 8 ? 5 : 0), 0x85, 0xc0 | ((to & 7) << 3) | (to & 7)];
    case "push":
      return [0x40 | (to >= 8 ? 1 : 0), 0x50 | (to & 7)];
    case "pop":
      return [0x40 | (to >= 8 ? 1 : 0), 0x58 | (to & 7)];
    case "set-pushed":
      return [0x48, 0xc7, 0x04, 0x24, ...le32(one.value)];
    case "jump-if-zero":
      return [0x0f, 0x84, ...le32((places[at + 1 + one.skip] ?? 0) - (places[at + 1] ?? 0))];
    case "call":
      return [0xe8, ...le32(0)];
    case "return":
      return [0xc3];
  }
}

function le32(value: number): number[] {
  return [value, value >> 8, value >> 16, value >> 24].map((byte) => byte & 0xff);
}
