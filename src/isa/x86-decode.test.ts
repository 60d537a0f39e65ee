import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { encodeJump } from "./jump.ts";
import { type CodeReference, decodeBranches } from "./x86-decode.ts";

const X86 = 62;
const folder = mkdtempSync(join(tmpdir(), "xsplice-isa-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Loops, a switch, self-recursion, calls inside and outside, data of all widths. */
const SOURCE = `
#include <stdint.h>
extern int outside(int);
static uint8_t bytes[64]; static uint64_t words[64]; static double factor = 1.5;
static int fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
int choose(int n) {
  switch (n) { case 1: return outside(3); case 2: return fibonacci(n + 9); case 3: return 9;
               case 4: return outside(n); case 5: return bytes[n]; default: return words[n & 7]; }
}
double scale(double x, int n) { for (int i = 0; i < n; i++) x = x * factor + choose(i); return x; }
void fill(int n) { while (n-- > 0) { bytes[n & 63] = n; words[n & 63] = choose(n); } }
int busy(int n) { if (n > 100 && __builtin_expect(words[3] == 7, 0)) fill(n); return outside(n); }
`;

/** `.text` of the object and what objdump says that its instructions refer to. */
function objdump(args: readonly string[]): { code: Uint8Array; lines: readonly string[] } {
  const [source, object, raw] = ["code.c", "code.o", "code.bin"].map((name) => join(folder, name));
  assert.ok(source && object && raw);
  writeFileSync(source, SOURCE);
  execFileSync("gcc", [...args, "-c", "-o", object, source]);
  execFileSync("objcopy", ["-O", "binary", "-j", ".text", object, raw]);
  const text = execFileSync("objdump", ["-d", "-j", ".text", object], { encoding: "utf8" });
  return { code: new Uint8Array(readFileSync(raw)), lines: text.split("\n") };
}

/** `offset target` of each reference in objdump's lines. */
function referencesOf(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const [, offset] = /^ *([0-9a-f]+):\t/.exec(line) ?? [];
    const target =
      /\t(?:call|j[a-z]+) +([0-9a-f]+)\b/.exec(line) ?? /\(%rip\).*# ([0-9a-f]+)\b/.exec(line);
    return offset !== undefined && target !== null ? [`${offset} ${target[1]}`] : [];
  });
}

for (const args of [["-O0"], ["-O2"], ["-O3", "-fPIC"], ["-Os", "-fcf-protection"]]) {
  test(`decodeBranches() finds what objdump finds in code of gcc ${args.join(" ")}`, () => {
    const { code, lines } = objdump(args);
    const found = decodeBranches(code, 0);
    const expected = referencesOf(lines);
    assert.ok(expected.length > 20);
    assert.deepEqual(
      found.map(({ offset, target }) => `${offset.toString(16)} ${target.toString(16)}`),
      expected,
    );
    for (const reference of found) assert.equal(distanceIn(code, reference), reference);
  });
}

/** Gives the reference back when its field holds the distance from the instruction's end. */
function distanceIn(code: Uint8Array, reference: CodeReference): CodeReference | undefined {
  const { offset, length, displacementOffset, displacementSize, target } = reference;
  const view = new DataView(code.buffer, code.byteOffset + displacementOffset);
  const distance = displacementSize === 1 ? view.getInt8(0) : view.getInt32(0, true);
  return offset + length + distance === target ? reference : undefined;
}

test("decodeBranches() counts from the base offset, and sees targets before and behind", () => {
  fc.assert(
    fc.property(fc.nat(1 << 24), fc.nat(1 << 24), (baseOffset, to) => {
      const jump = encodeJump(X86, BigInt(baseOffset), BigInt(to) - 0x100000n);
      assert.ok(jump);
      const expected: CodeReference = {
        kind: "jump",
        offset: baseOffset,
        length: 5,
        displacementOffset: baseOffset + 1,
        displacementSize: 4,
        target: to - 0x100000,
      };
      assert.deepEqual(decodeBranches(jump, baseOffset), [expected]);
    }),
  );
});

test("decodeBranches() tells calls, jumps, conditional jumps and operands apart", () => {
  const code = Uint8Array.of(
    ...[0xe8, 0, 0, 0, 0],
    ...[0xeb, 0xfe],
    ...[0x0f, 0x84, 0, 0, 0, 0],
    ...[0xe3, 0],
    // movl $1,0(%rip): the immediate lies behind the displacement
    ...[0xc7, 0x05, 0, 0, 0, 0, 1, 0, 0, 0],
    // call *%rax, and jmp *0(%rip)
    ...[0xff, 0xd0],
    ...[0xff, 0x25, 0, 0, 0, 0],
  );
  assert.deepEqual(
    decodeBranches(code, 0).map(({ kind, displacementOffset, displacementSize, target }) => [
      kind,
      displacementOffset,
      displacementSize,
      target,
    ]),
    [
      ["call", 1, 4, 5],
      ["jump", 6, 1, 5],
      ["conditional-jump", 9, 4, 13],
      ["conditional-jump", 14, 1, 15],
      ["operand", 17, 4, 25],
      ["operand", 29, 4, 33],
    ],
  );
});

test("decodeBranches() refuses bytes that are no instruction, and says where", () => {
  assert.throws(() => decodeBranches(Uint8Array.of(0x90, 0x06, 0x90), 0x40), {
    name: "IsaError",
    message:
      "Cannot decode x86-64 code: 06 90 is not an instruction\n" +
      "  where:    offset 0x41 of the section\n" +
      "  expected: instructions only, no data among them",
  });
  assert.throws(
    () => decodeBranches(Uint8Array.of(0xe8, 0, 0), 0),
    /e8 00 00 is not an instruction/,
  );
});

test("decodeBranches() decodes or refuses any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        for (const reference of decodeBranches(bytes, 0)) {
          assert.ok(reference.offset + reference.length <= bytes.length);
        }
      } catch (error) {
        assert.match(String(error), /^IsaError: Cannot decode/);
      }
    }),
    { numRuns: 500 },
  );
});

test("decodeBranches() reads over the marker of Xen 4.22's BUG frames", () => {
  // ud (one byte), then call to the start
  const found = decodeBranches(Uint8Array.of(0xd6, 0xe8, 0xfa, 0xff, 0xff, 0xff), 0);
  assert.deepEqual(
    found.map(({ offset, target }) => [offset, target]),
    [[1, 0]],
  );
});
