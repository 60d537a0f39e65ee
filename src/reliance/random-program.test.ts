import assert from "node:assert/strict";
import { test } from "node:test";
import { ALL_CALL_CLOBBERED, registerSet } from "../isa/x86-registers.ts";
import { Effects } from "./effects.ts";
import {
  type Program,
  type Run,
  randomProgram,
  registers,
  run,
  type State,
} from "./random-program.test.support.ts";
import { findReads } from "./read-after.ts";

const PROGRAMS = 600;
const TRIES = 12;

/** xorshift32: the same numbers for a seed on every machine. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function randomState(random: (below: number) => number): State {
  // Small values, so that tests for zero go both ways; bytes beside them, so that both cells count.
  return Object.fromEntries(registers.map((name) => [name, random(3) | (random(3) << 8)])) as State;
}

function forEachProgram(
  check: (program: Program, random: (below: number) => number) => void,
): void {
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const random = randomFrom(seed * 7919);
    try {
      check(randomProgram(random), random);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
}

/**
 * No compiler goes on with what a callee may have changed; rbx stands for memory, which both share, and
 * shows what the callee did.
 */
function withoutWhatIsLost(program: Program, effects: Effects): NonNullable<Run["afterCall"]> {
  return (callee, left) => {
    const code = program.codes[callee];
    const preserves = code === undefined ? 0 : effects.of({ code, offset: 0 }).preserves;
    const lost = changeable.filter((name) => (registerSet(name) & ~preserves) !== 0);
    return { ...left, ...Object.fromEntries(lost.map((name) => [name, 0x77])) };
  };
}

/** rbx survives every call, so nothing is said of it. */
const changeable = ["rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9"] as const;

for (const question of ["what-compilers-knew", "what-may-happen"] as const) {
  test(`Effects (${question}) names as preserved only what a random function leaves alone`, () => {
    let preserved = 0;
    forEachProgram((program, random) => {
      const effects = new Effects(question);
      for (const [index, code] of program.codes.entries()) {
        const { preserves } = effects.of({ code, offset: 0 });
        const whole = changeable.filter((name) => (registerSet(name) & ~preserves) === 0);
        preserved += whole.length;
        for (let attempt = 0; attempt < TRIES; attempt++) {
          const before = randomState(random);
          const left = run(program, index, before);
          for (const name of whole) assert.equal(left[name], before[name], `f${index}, ${name}`);
        }
      }
    });
    assert.ok(preserved > PROGRAMS, "functions that leave something alone");
  });
}

test("findReads() misses nothing that makes a difference to a random function", () => {
  let unread = 0;
  forEachProgram((program, random) => {
    const effects = new Effects("what-compilers-knew");
    for (const [index, code] of program.codes.entries()) {
      const from = random(program.functions[index]?.length ?? 1);
      const ops = program.functions[index]?.slice(from).map(({ op }) => op) ?? [];
      if (ops.includes("pop") && from > 0) continue; // Its stack is not known from there on.
      const offset = program.offsets[index]?.[from] ?? 0;
      const reads = findReads({ code, offset }, ALL_CALL_CLOBBERED, effects);
      const all = reads.reduce((set, read) => set | read.registers, 0);
      const free = changeable.filter((name) => (all & registerSet(name)) === 0);
      // No function of C takes anything in rax, which those here may.
      const names = ops.includes("call") ? free.filter((name) => name !== "rax") : free;
      unread += names.length;
      for (let attempt = 0; attempt < TRIES; attempt++) {
        const state = randomState(random);
        const other = { ...state };
        for (const name of names) other[name] = state[name] + 0x10101;
        const how = { from, afterCall: withoutWhatIsLost(program, effects) };
        const [one, two] = [run(program, index, state, how), run(program, index, other, how)];
        for (const name of ["rbx", "rax", "rdx"] as const) {
          assert.equal(one[name], two[name], `f${index}+${from}, ${name}`);
        }
      }
    }
  });
  assert.ok(unread > PROGRAMS, "registers that nobody reads");
});
