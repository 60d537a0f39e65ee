// The library is the witness: whatever the fast decoder takes for an instruction, the library does too,
// with the same length and the same distance.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { findCommonInstructions, findCommonReferences } from "./x86-common.ts";
import { findLibraryInstructions, findLibraryReferences } from "./x86-instructions.ts";

/** Opcodes and prefixes of all kinds, so that whole instructions are likely. */
const interesting = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(0x66, 0x48, 0x41, 0x0f, 0xf0, 0xf2, 0xf3, 0x65, 0x2e) },
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 255 }) },
);

test("findCommonReferences() says of random bytes what the library says, or gives up", () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.array(interesting, { minLength: 1, maxLength: 12 }), (numbers) => {
      // A call at the end shows where the decoder thinks that it begins.
      const bytes = Uint8Array.from([...numbers, 0xe8, 1, 2, 3, 4]);
      const found = findCommonReferences(bytes);
      if (found === undefined) return;
      taken += 1;
      assert.deepEqual(found, findLibraryReferences(bytes));
      assert.deepEqual(findCommonInstructions(bytes), findLibraryInstructions(bytes));
    }),
    { numRuns: 20_000 },
  );
  assert.ok(taken > 1_000, `only ${taken} were instructions`);
});

/** What an instruction may take as operands, then NOPs, and a call that shows where they end. */
const rest = [0x24, 0x11, 0x22, 0x33, ...Array<number>(12).fill(0x90), 0xe8, 1, 2, 3, 4];
const prefixes = [[], [0x66], [0x48], [0xf0], [0xf2], [0xf3], [0x66, 0x48]];
/** All operations, in memory and in registers, with and without a SIB byte and a distance. */
const modRMs = Array.from({ length: 256 }, (_, modRM) => modRM).filter((modRM) =>
  [0, 4, 5].includes(modRM & 7),
);

test("findCommonInstructions() says of each opcode what the library says, or gives up", () => {
  const taken = new Set<string>();
  for (const page of [[], [0x0f]]) {
    for (let opcode = 0; opcode < 256; opcode++) {
      for (const prefix of prefixes) {
        for (const modRM of modRMs) {
          const bytes = Uint8Array.from([...prefix, ...page, opcode, modRM, ...rest]);
          const found = findCommonInstructions(bytes);
          if (found === undefined) continue;
          taken.add(`${page} ${opcode}`);
          assert.deepEqual(
            found,
            findLibraryInstructions(bytes),
            Buffer.from(bytes).toString("hex"),
          );
        }
      }
    }
  }
  assert.ok(taken.size > 200, `only ${taken.size} opcodes are known`);
});
