import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "../bytes/hex.ts";
import { SectionFlag } from "../elf/constants.ts";
import type { DraftSection, DraftSymbol, ElfDraft } from "../elf/draft.ts";
import { writeElf } from "../elf/write.ts";
import { type Architecture, architectures, machineOfArchitecture } from "../isa/architecture.ts";
import { type HookKind, hookKinds, hookRules } from "../xen-abi/hooks.ts";
import type { PayloadVersion } from "../xen-abi/release.ts";
import { parsePayload } from "./parse.ts";
import type { OldAddress, PayloadFunction, PayloadTables, Target } from "./payload.ts";
import { stockPayload } from "./stock.test.support.ts";
import { type SymbolMapEntry, symbolMapKinds } from "./symbol-map.ts";
import { addTables, rewritePayload } from "./write.ts";

/** Code of 4 KiB, with functions named here at these offsets. */
const named = new Map([
  [0, "first"],
  [64, "second"],
]);

function codeDraft(architecture: Architecture): ElfDraft {
  const text: DraftSection = {
    name: ".text",
    type: "SHT_PROGBITS",
    flags: SectionFlag.SHF_ALLOC | SectionFlag.SHF_EXECINSTR,
    alignment: 16,
    entrySize: 0,
    content: new Uint8Array(4096),
    relocations: [],
  };
  const symbols = [...named].map(
    ([offset, name]): DraftSymbol => ({
      name,
      value: BigInt(offset),
      size: 64n,
      binding: "STB_GLOBAL",
      type: "STT_FUNC",
      visibility: "STV_DEFAULT",
      place: text,
    }),
  );
  const machine = machineOfArchitecture[architecture];
  return { machine, osAbi: 0, flags: 0, sections: [text], symbols };
}

const flat = { noNullPrototype: true } as const;
const text = fc.string({ unit: "grapheme" }).filter((value) => !/[\t\n\0]/.test(value));
const symbolName = fc.string({ unit: "grapheme-ascii", minLength: 1 });
const buildId = fc.uint8Array({ minLength: 1, maxLength: 32 }).map(toHex);
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });

const target: fc.Arbitrary<Target> = fc.oneof(
  fc.constantFrom(0, 64, 100, 4096).map((offset) => ({
    kind: "own" as const,
    section: ".text",
    offset,
    symbol: named.get(offset),
  })),
  fc.record(
    {
      kind: fc.constant("symbol" as const),
      symbol: symbolName,
      addend: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
    },
    flat,
  ),
  fc
    .bigInt({ min: 1n, max: (1n << 64n) - 1n })
    .map((address) => ({ kind: "address" as const, address })),
);

function functionEntry(version: PayloadVersion): fc.Arbitrary<PayloadFunction> {
  const oldAddress: fc.Arbitrary<OldAddress> = fc.oneof(
    target,
    fc.constant({ kind: "name" as const }),
  );
  const expectation = version === 1 ? fc.constant(undefined) : fc.uint8Array({ maxLength: 31 });
  const common = {
    name: text,
    oldAddress,
    oldSize: fc.integer({ min: 31, max: 2 ** 32 - 1 }),
    expectation: fc.option(expectation, { nil: undefined }),
  };
  return fc.oneof(
    fc.record(
      { kind: fc.constant("replace" as const), ...common, newAddress: target, newSize: u32 },
      flat,
    ),
    fc.record(
      { kind: fc.constant("nop" as const), ...common, newSize: fc.constantFrom(4, 16, 28) },
      flat,
    ),
    fc.record({ kind: fc.constant("guard" as const), ...common }, flat),
  );
}

/** Grouped as a payload has them: one of each kind, or many where that is allowed. */
const hooks = fc.tuple(...hookKinds.map((kind) => hooksOf(kind))).map((groups) => groups.flat());

function hooksOf(kind: HookKind): fc.Arbitrary<{ kind: HookKind; target: Target }[]> {
  const maxLength = hookRules[kind].count === "one" ? 1 : 3;
  return fc.array(
    target.map((place) => ({ kind, target: place })),
    { maxLength },
  );
}

const symbolMapEntry: fc.Arbitrary<SymbolMapEntry> = fc.record(
  {
    sourceName: text,
    exportedName: text,
    exportedOffset: u32,
    kind: fc.constantFrom(...symbolMapKinds),
    sizeBytes: u32,
  },
  flat,
);

/** The same place patched twice is refused, whether it is told by symbol or by name. */
function placeOf({ name, oldAddress }: PayloadFunction): string {
  if (oldAddress.kind === "name") return `${name}+0`;
  if (oldAddress.kind === "symbol") return `${oldAddress.symbol}+${oldAddress.addend}`;
  return Object.values(oldAddress).join();
}

const tables: fc.Arbitrary<PayloadTables> = fc
  .constantFrom(1 as const, 2 as const)
  .chain((version) =>
    fc.record(
      {
        architecture: fc.constantFrom(...architectures),
        version: fc.constant(version),
        functions: fc.uniqueArray(functionEntry(version), {
          minLength: 1,
          maxLength: 5,
          selector: placeOf,
        }),
        hooks,
        buildId,
        depends: buildId,
        xenDepends: version === 1 ? fc.option(buildId, { nil: undefined }) : buildId,
        metadata: fc.array(text, { maxLength: 4 }),
        symbolMap: fc.option(fc.array(symbolMapEntry, { maxLength: 3 }), { nil: undefined }),
        reasons: fc.option(fc.array(fc.record({ function: text, text }, flat), { maxLength: 3 }), {
          nil: undefined,
        }),
      },
      flat,
    ),
  );

/** The tables among what parsePayload() gives. */
function tablesOf(bytes: Uint8Array): PayloadTables {
  const payload = parsePayload(bytes, "test");
  const { architecture, version, functions, hooks: found, metadata, symbolMap, reasons } = payload;
  const { buildId: id, depends, xenDepends } = payload;
  return {
    architecture,
    version,
    functions,
    hooks: found,
    buildId: id,
    depends,
    xenDepends,
    metadata,
    symbolMap,
    reasons,
  };
}

function payloadWith(given: PayloadTables): Uint8Array {
  const draft = codeDraft(given.architecture);
  addTables(draft, given, "read-only");
  return writeElf(draft);
}

test("parsePayload() reads back the tables that addTables() wrote", () => {
  fc.assert(
    fc.property(tables, (given) => {
      assert.deepEqual(tablesOf(payloadWith(given)), given);
    }),
  );
});

test("rewritePayload() gives a payload any other tables", () => {
  const ofOneArchitecture = tables.map((given) => ({ ...given, architecture: "x86_64" as const }));
  fc.assert(
    fc.property(ofOneArchitecture, ofOneArchitecture, (before, after) => {
      const rewritten = rewritePayload(payloadWith(before), "test", after);
      assert.deepEqual(tablesOf(rewritten), after);
    }),
    { numRuns: 50 },
  );
});

test("rewritePayload() with its own tables leaves what stock tools made as it was", () => {
  const payload = parsePayload(stockPayload(), "test");
  const rewritten = rewritePayload(stockPayload(), "test", payload);
  assert.deepEqual(tablesOf(rewritten), tablesOf(stockPayload()));
  const again = parsePayload(rewritten, "test");
  assert.deepEqual(again.needs, payload.needs);
  assert.deepEqual(again.exports, payload.exports);
});

test("rewritePayload() keeps the function table writable when it was", () => {
  const given = parsePayload(stockPayload(), "test");
  const draft = codeDraft("x86_64");
  addTables(draft, given, "writable");
  const rewritten = parsePayload(rewritePayload(writeElf(draft), "test", given), "test");
  const funcs = rewritten.sections.find(({ name }) => name === ".livepatch.funcs");
  assert.equal(funcs?.loaded, "writable");
});

test("addTables() refuses a place in a section that is not there", () => {
  const given = parsePayload(stockPayload(), "test");
  const place = { kind: "own", section: ".text.gone", offset: 0, symbol: undefined } as const;
  const wrong = { ...given, hooks: [{ kind: "load" as const, target: place }] };
  assert.throws(() => addTables(codeDraft("x86_64"), wrong, "read-only"), {
    name: "PayloadError",
    message: /^Cannot point into section "\.text\.gone": the payload has none of that name/,
  });
});
