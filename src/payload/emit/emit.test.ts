import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { toHex } from "../../bytes/hex.ts";
import { readElf } from "../../elf/read.ts";
import { requireSection } from "../../elf/sections.ts";
import { computeBuildId } from "../build-id.ts";
import { inspectPayload } from "../inspect.ts";
import { parsePayload } from "../parse.ts";
import type { Payload } from "../payload.ts";
import { compileDraft, emitExample, emitInput, example, symbolNamed } from "./emit.test.support.ts";
import { type EmittedPayload, emitPayload } from "./emit.ts";
import { EmitError, type GuardBytes } from "./input.ts";

/** Parsed, after a look that it has nothing that anybody would complain about. */
function parseFaultless(bytes: Uint8Array): Payload {
  assert.deepEqual(inspectPayload(bytes, "x.livepatch").findings, []);
  return parsePayload(bytes, "x.livepatch");
}

test("emitPayload() makes what parsePayload() reads back", () => {
  const { bytes, buildId } = emitExample({ metadata: [["why", "XSA-0"]] });
  const payload = parseFaultless(bytes);
  assert.equal(payload.architecture, "x86_64");
  assert.equal(payload.version, 2);
  assert.equal(payload.buildId, toHex(buildId));
  assert.equal(payload.depends, "01".repeat(20));
  assert.equal(payload.xenDepends, "02".repeat(20));
  assert.deepEqual(payload.metadata, [
    `build-id=${toHex(buildId)}`,
    `depends=${"01".repeat(20)}`,
    "mode=stack",
    "guard=none",
    "functions=xen_f,xen_g",
    "why=XSA-0",
  ]);
  assert.deepEqual(
    payload.functions.map(({ kind, name, oldAddress, oldSize }) => [
      kind,
      name,
      oldAddress,
      oldSize,
    ]),
    ["xen_f", "xen_g"].map((name) => [
      "replace",
      name,
      { kind: "symbol", symbol: name, addend: 0n },
      64,
    ]),
  );
  assert.deepEqual(payload.needs, ["xen_f", "xen_g", "xen_helper"]);
});

test("emitPayload() gives the same bytes for the same input, and leaves the input alone", () => {
  const input = emitInput(compileDraft(example), ["f", "g"]);
  assert.deepEqual(emitPayload(input).bytes, emitPayload(input).bytes);
});

test("emitPayload() gives no two payloads a name in common, and both say what is theirs", () => {
  const [one, two] = [emitExample(), emitExample({ metadata: [["version", "2"]] })];
  const exportsOf = ({ bytes }: EmittedPayload) =>
    parseFaultless(bytes).exports.map((found) => found.name);
  assert.ok(exportsOf(one).length >= 3);
  const common = exportsOf(one).filter((name) => exportsOf(two).includes(name));
  assert.deepEqual(common, []);
  const sources = one.symbolMap.map(({ kind, sourceName }) => `${kind} ${sourceName}`);
  assert.deepEqual(sources.sort(), [
    "data source.c#counter",
    "data source.c#table",
    "function source.c#helper",
    "replacement xen_f",
    "replacement xen_g",
  ]);
  const exported = new Set(exportsOf(one));
  const brought = one.symbolMap.filter(({ kind }) => kind !== "replacement");
  for (const { exportedName } of brought) assert.ok(exported.has(exportedName), exportedName);
  assert.deepEqual(parseFaultless(one.bytes).symbolMap, one.symbolMap);
});

test("emitPayload() stamps a build-id that computeBuildId() finds again, and any change breaks", () => {
  const { bytes, buildId } = emitExample();
  assert.deepEqual(computeBuildId(bytes), buildId);
  const changed = bytes.slice();
  const { offset } = requireSection(readElf(bytes, "x"), ".text");
  changed[offset] = (changed[offset] ?? 0) ^ 1;
  assert.notDeepEqual(computeBuildId(changed), buildId);
  // By other means: the id stands in the file twice, as bytes and as text.
  const blank = Buffer.from(bytes);
  const [asBytes, asText] = [blank.indexOf(buildId), blank.indexOf(toHex(buildId))];
  blank.fill(0, asBytes, asBytes + 20).fill("0", asText, asText + 40);
  assert.equal(createHash("sha1").update(blank).digest("hex"), toHex(buildId));
});

test("emitPayload() joins the sections of a thousand functions into what Xen's loader takes", () => {
  const names = Array.from({ length: 1000 }, (_, index) => `function_${index}`);
  const c = names.map((name, index) => `int ${name}(int n) { return n + ${index}; }`).join("\n");
  const draft = compileDraft({ c: `${c}\nint (*const all[])(int) = { ${names.join()} };` });
  const { bytes } = emitPayload(emitInput(draft, names));
  const payload = parseFaultless(bytes);
  assert.equal(payload.functions.length, 1000);
  assert.ok(readElf(bytes, "x").sections.length < 30);
  assert.deepEqual(
    payload.sections.filter(({ loaded }) => loaded === "writable"),
    [],
  );
});

test("emitPayload() emits thousands of guards, first, and says where a check failed", () => {
  const guards = Array.from(
    { length: 5000 },
    (_, index): GuardBytes => ({
      label: `xen_f+${index}`,
      oldName: "xen_f",
      oldOffset: index,
      bytes: Uint8Array.of(index & 0xff, index >> 8, 7),
    }),
  );
  const { bytes } = emitExample({ guards });
  const { functions } = parseFaultless(bytes);
  assert.equal(functions.length, 5002);
  assert.deepEqual(functions[4999], {
    kind: "guard",
    name: "xen_f+4999",
    oldAddress: { kind: "symbol", symbol: "xen_f", addend: 4999n },
    oldSize: 3,
    expectation: Uint8Array.of(0x87, 0x13, 7),
  });
  assert.equal(functions[5000]?.kind, "replace");
});

test("emitPayload() merges objects: what one lacks is what another defines", () => {
  const one = compileDraft({ c: "extern int g(int); int f(int n) { return g(n) + 1; }" });
  const two = compileDraft({ c: "extern int h(int); int g(int n) { return h(n) + 2; }" });
  const objects = [
    { source: "one.c", draft: one },
    { source: "two.c", draft: two },
  ];
  const { bytes } = emitPayload(emitInput(one, ["f"], { objects }));
  assert.deepEqual(parseFaultless(bytes).needs, ["h", "xen_f"]);
  const twice = [...objects, { source: "three.c", draft: compileDraft({ c: "int g;" }) }];
  assert.throws(
    () => emitPayload(emitInput(one, ["f"], { objects: twice })),
    (error) =>
      error instanceof EmitError &&
      error.report.code === "emit/duplicate-symbol" &&
      error.report.where === '"two.c" and "three.c"',
  );
});

test("emitPayload() makes payloads of version 1, and with a function table that Xen may write", () => {
  const { bytes } = emitExample({ payloadVersion: 1, funcsAccess: "writable" });
  const payload = parseFaultless(bytes);
  assert.equal(payload.version, 1);
  const funcs = payload.sections.find(({ name }) => name === ".livepatch.funcs");
  assert.deepEqual(funcs, { name: ".livepatch.funcs", sizeBytes: 128, loaded: "writable" });
});

test("emitPayload() writes hooks in the order in which Xen wants them, read-only", () => {
  const draft = compileDraft({
    c: "void up(void) {} void down(void) {} int ask(void *p) { return 0; }",
  });
  const { bytes, symbolMap } = emitPayload(
    emitInput(draft, [], {
      hooks: [
        { kind: "preapply", code: symbolNamed(draft, "ask") },
        { kind: "unload", code: symbolNamed(draft, "down") },
        { kind: "load", code: symbolNamed(draft, "up") },
        { kind: "load", code: symbolNamed(draft, "down") },
      ],
    }),
  );
  const payload = parseFaultless(bytes);
  const names = payload.hooks.map(({ kind, target }) => [
    kind,
    target.kind === "own" ? target.symbol?.split(".")[0] : undefined,
  ]);
  assert.deepEqual(names, [
    ["load", "up"],
    ["load", "down"],
    ["unload", "down"],
    ["preapply", "ask"],
  ]);
  assert.deepEqual(
    symbolMap.map(({ kind }) => kind),
    ["hook", "hook", "hook"],
  );
});

test("emitPayload() is read without a complaint by readelf and objdump", () => {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-emit-"));
  try {
    const path = join(folder, "x.livepatch");
    writeFileSync(path, emitExample().bytes);
    for (const command of [
      ["readelf", "-aW"],
      ["objdump", "-dr"],
    ]) {
      const [tool = "", ...args] = command;
      const { stdout, stderr } = spawnSync(tool, [...args, path], { encoding: "utf8" });
      assert.doesNotMatch(stdout + stderr, /warning|error/i);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("emitPayload() gives an alternative that is replaced by nothing a place to point to", () => {
  const alternative = `
    int f(int x) {
      asm volatile("661: nop; 662:\\n"
                   ".pushsection .altinstructions, \\"a\\"\\n"
                   ".long 661b - ., 663f - .\\n.word 1\\n.byte 1, 0, 0, 0\\n"
                   ".popsection\\n"
                   ".pushsection .altinstr_replacement, \\"ax\\"\\n663:\\n.popsection");
      return x + 3;
    }`;
  const { bytes } = emitPayload(emitInput(compileDraft({ c: alternative }), ["f"]));
  const replacement = requireSection(readElf(bytes, "x.livepatch"), ".altinstr_replacement");
  assert.ok(replacement.size > 0);
  parseFaultless(bytes);
});
