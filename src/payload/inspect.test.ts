import assert from "node:assert/strict";
import { test } from "node:test";
import { draftFrom } from "../elf/draft-from.ts";
import { readElf } from "../elf/read.ts";
import { writeElf } from "../elf/write.ts";
import { XspliceError } from "../error.ts";
import { emitExample } from "./emit/emit.test.support.ts";
import { inspectPayload } from "./inspect.ts";
import { parsePayload } from "./parse.ts";
import { BASE_ID, stockPayload, stockPayloadWith, XEN_ID } from "./stock.test.support.ts";

const SOURCE = "fix.livepatch";

test("parsePayload() reads what stock tools made", () => {
  const payload = parsePayload(stockPayload(), SOURCE);
  const inText = { kind: "own", section: ".text" } as const;
  const [guard, replaced, blanked] = payload.functions;
  assert.equal(payload.functions.length, 3);
  assert.deepEqual(guard, {
    kind: "guard",
    name: "common/livepatch.c#get_name",
    oldAddress: { kind: "symbol", symbol: "common/livepatch.c#get_name", addend: 0n },
    oldSize: 31,
    expectation: Uint8Array.of(0x41, 0x54, 0x41, 0x55, 0x41, 0x54),
  });
  assert.equal(replaced?.kind, "replace");
  assert.deepEqual(replaced.newAddress, { ...inText, offset: 0, symbol: "stock_extra" });
  assert.deepEqual([replaced.name, replaced.oldAddress.kind], ["xen_extra_version", "name"]);
  assert.equal(blanked?.kind, "nop");
  assert.deepEqual([blanked.newSize, blanked.expectation], [5, Uint8Array.of(0xe8)]);
  assert.deepEqual(
    payload.hooks.map(({ kind, target }) => [kind, target.kind === "own" && target.symbol]),
    [
      ["load", "stock_loaded"],
      ["load", "stock_loaded"],
      ["preapply", "stock_may_apply"],
    ],
  );
  assert.deepEqual([payload.depends, payload.xenDepends], [BASE_ID, XEN_ID]);
  assert.match(payload.buildId, /^[0-9a-f]{40}$/);
  assert.deepEqual(payload.metadata, ["author=me", "note="]);
  assert.deepEqual(payload.needs, ["common/livepatch.c#get_name", "printk", "xen_verbosity"]);
  assert.deepEqual(payload.exports.map(({ name }) => name).sort(), [
    "stock_counter",
    "stock_level",
    "stock_loaded",
    "stock_may_apply",
  ]);
  assert.deepEqual([payload.architecture, payload.version], ["x86_64", 2]);
});

test("parsePayload() reads version 1, which has neither expectations nor xen_depends", () => {
  const functions = [
    { name: "xen_extra_version", oldSize: 12, by: { symbol: "stock_extra" } },
  ] as const;
  const payload = parsePayload(stockPayloadWith({ version: 1, functions, hooks: {} }), SOURCE);
  assert.equal(payload.version, 1);
  assert.equal(payload.functions[0]?.expectation, undefined);
});

test("inspectPayload() takes a payload that has hooks only", () => {
  const { contents, findings } = inspectPayload(stockPayloadWith({ functions: [] }), SOURCE);
  assert.deepEqual(findings, []);
  assert.deepEqual([contents.functions.length, contents.version], [0, 2]);
});

test("inspectPayload() refuses what is no payload, saying what it is", () => {
  const refusal = (bytes: Uint8Array): string => {
    try {
      inspectPayload(bytes, SOURCE);
    } catch (error) {
      assert.ok(error instanceof XspliceError);
      return `${error.report.code} ${error.report.problem}`;
    }
    return "taken";
  };
  const executable = stockPayload();
  executable[16] = 2;
  const plainObject = draftFrom(readElf(stockPayload(), SOURCE));
  plainObject.sections = plainObject.sections.filter(({ name }) => name === ".bss");
  plainObject.symbols = [];
  const name = `Cannot read "${SOURCE}" as a live patch`;
  assert.equal(refusal(new Uint8Array()), `payload/not-a-payload ${name}: it is empty`);
  assert.match(refusal(executable), /not-a-payload .*it is an ELF file of type ET_EXEC/);
  assert.match(refusal(writeElf(plainObject)), /object file without any section of live patching/);
  assert.match(refusal(new TextEncoder().encode("#!/bin/sh\nexit 1\n")), /^elf\/malformed/);
});

test("parsePayload() throws the first error that inspectPayload() finds", () => {
  const draft = draftFrom(readElf(stockPayload(), SOURCE));
  draft.osAbi = 3;
  assert.throws(() => parsePayload(writeElf(draft), SOURCE), {
    name: "PayloadError",
    message:
      "Cannot load a payload with OS ABI 3, version 0\n" +
      "  where:    fix.livepatch\n" +
      "  expected: 0 (System V) or 9 (FreeBSD), version 0\n" +
      "  remedy:   do without indirect functions and unique symbols, which make it 3 (GNU)",
  });
});

test("inspectPayload() finds that a payload of xSplice is not what its build-id says; parsePayload() refuses it", () => {
  const { bytes } = emitExample();
  const object = readElf(bytes, "fix.livepatch");
  const text = object.sections.find(({ name, size }) => name.startsWith(".text") && size > 0);
  assert.ok(text);
  const changed = bytes.slice();
  changed[text.offset] = (changed[text.offset] ?? 0) ^ 1;
  const { findings } = inspectPayload(changed, "fix.livepatch");
  assert.deepEqual(
    findings.map(({ severity, report }) => [severity, report.code]),
    [["error", "payload/changed"]],
  );
  assert.throws(() => parsePayload(changed, "fix.livepatch"), {
    message: /^Cannot trust the payload: its build-id is not that of its bytes\n/,
  });
  assert.deepEqual(inspectPayload(bytes, "fix.livepatch").findings, []);
});
