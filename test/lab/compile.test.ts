// From C to a patched hypervisor: what `xsplice compile` makes is what unmodified Xen takes, applies
// and lets go again. Effects are seen where they count: in what Xen answers to XENVER_extraversion
// and XENVER_changeset, on its console, and in its memory read from outside.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { toHex } from "../../src/bytes/hex.ts";
import { emitPayload } from "../../src/payload/emit/emit.ts";
import { parsePayload } from "../../src/payload/parse.ts";
import { extraVersionRecipe, makeStockPayload } from "../stock-payload.ts";
import { act, type Bench, compile, compileFile, openBench, versions } from "./compile-bench.ts";
import { actOptions, call } from "./host-under-test.ts";
import { describeOnXen } from "./why-no-xen.ts";

const examples = fileURLToPath(new URL("../../../examples/", import.meta.url));

for (const xen of ["4.14", "4.17", "4.20"]) {
  await describeOnXen(xen, `compilePayload() for Xen ${xen}`, () => {
    let bench: Bench;
    before(async () => {
      bench = await openBench(xen);
    });
    after(() => bench?.close());
    test("makes a payload from the example that changes the version, and back", () =>
      changesVersion(bench));
    test("makes a payload equal in effect to one by stock tools", () => equalsStock(bench));
    test("lets a stacked payload replace a function on every path to it", () => stacks(bench));
    test("leads recursion and pointers to a replaced function to the newest code", () =>
      followsPointers(bench));
    test("lets a stacked payload use and replace what the one below brought", () =>
      usesBelow(bench));
    test("leaves room for thousands of guards, which Xen checks", () => checksGuards(bench));
    test("makes hooks that run, with Xen's own printk", () => runsHooks(bench));
  });
}

async function changesVersion(bench: Bench): Promise<void> {
  const { host, lab, xen } = bench;
  const before = await versions(bench);
  const compiled = await compileFile(xen, join(examples, "extra-version.c"));
  const replaced = xen.byName.get("xen_extra_version");
  assert.ok(replaced);
  const entry = async () => toHex(await lab.readHypervisor(replaced.address, replaced.sizeBytes));
  const entryBefore = await entry();
  assert.equal(entryBefore, toHex(xen.bytesAt(replaced.address, replaced.sizeBytes)));
  await host.upload("version", compiled.bytes, call);
  await act(bench, "version", "apply");
  assert.deepEqual(await versions(bench), [".5-patched", before[1]]);
  assert.match(await entry(), /^(f30f1efa)?e9/);
  const [listed] = await host.list(call);
  assert.ok(listed?.metadata?.includes(`build-id=${toHex(compiled.buildId)}`));
  await act(bench, "version", "revert");
  assert.deepEqual(await versions(bench), before);
  assert.equal(await entry(), entryBefore);
  // Nothing writable is in it, so Xen takes it a second time.
  await act(bench, "version", "apply", "revert", "unload");
}

async function equalsStock(bench: Bench): Promise<void> {
  const { host, xen } = bench;
  const ours = await compile(bench, 'const char *xen_extra_version(void) { return ".same"; }');
  const [replaced] = ours.replaced;
  assert.ok(replaced);
  const stock = makeStockPayload(
    extraVersionRecipe({
      text: ".same",
      tag: "compared",
      xenBuildId: toHex(xen.buildId),
      oldSize: replaced.oldSizeBytes,
    }),
  );
  const told = [ours.bytes, stock].map((bytes) => {
    const { functions, hooks, version, depends, xenDepends } = parsePayload(bytes, "compared");
    const replaced = functions.filter(({ kind }) => kind === "replace");
    const names = replaced.map(({ name, oldSize }) => ({ name, oldSize }));
    return { names, hooks, version, depends, xenDepends };
  });
  assert.deepEqual(told[0], told[1]);
  for (const bytes of [ours.bytes, stock]) {
    const before = await versions(bench);
    await host.upload("same", bytes, call);
    await act(bench, "same", "apply");
    assert.deepEqual(await versions(bench), [".same", before[1]]);
    await act(bench, "same", "revert", "unload");
    assert.deepEqual(await versions(bench), before);
  }
}

/** Without the redirection, xen_changeset would go on to call the first payload's body. */
async function stacks(bench: Bench): Promise<void> {
  const { host } = bench;
  const before = await versions(bench);
  const first = await compile(
    bench,
    `const char *xen_extra_version(void) { return ".first"; }
     const char *xen_changeset(void) { return xen_extra_version(); }`,
  );
  const second = await compile(
    bench,
    'const char *xen_extra_version(void) { return ".second"; }',
    first,
  );
  await host.upload("first", first.bytes, call);
  await host.upload("second", second.bytes, call);
  await act(bench, "first", "apply");
  assert.deepEqual(await versions(bench), [".first", ".first"]);
  await act(bench, "second", "apply");
  assert.deepEqual(await versions(bench), [".second", ".second"]);
  await act(bench, "second", "revert");
  assert.deepEqual(await versions(bench), [".first", ".first"]);
  await act(bench, "first", "revert");
  assert.deepEqual(await versions(bench), before);
  await act(bench, "second", "unload");
  await act(bench, "first", "unload");
}

/** Extra version of a call of itself; changeset by a table of pointers. */
async function followsPointers(bench: Bench): Promise<void> {
  const { host } = bench;
  const first = await compile(
    bench,
    `static int depth;
     const char *xen_extra_version(void) {
         const char *text = ".deep";
         if (depth == 0) { depth = 1; text = xen_extra_version(); depth = 0; }
         return text;
     }
     static const char *(*volatile table[])(void) = { xen_extra_version };
     const char *xen_changeset(void) { return table[0](); }`,
  );
  const second = await compile(
    bench,
    'const char *xen_extra_version(void) { return ".newest"; }',
    first,
  );
  await host.upload("first", first.bytes, call);
  await host.upload("second", second.bytes, call);
  await act(bench, "first", "apply");
  assert.deepEqual(await versions(bench), [".deep", ".deep"]);
  await act(bench, "second", "apply");
  assert.deepEqual(await versions(bench), [".newest", ".newest"]);
  await act(bench, "second", "revert", "unload");
  await act(bench, "first", "revert", "unload");
}

async function usesBelow(bench: Bench): Promise<void> {
  const { host } = bench;
  const first = await compile(
    bench,
    `int brought = 1;
     const char *name_of(int n) { return n == 1 ? ".brought" : ".changed"; }
     const char *xen_extra_version(void) { return name_of(brought); }`,
  );
  const second = await compile(
    bench,
    `extern int brought;
     extern const char *name_of(int n);
     const char *xen_changeset(void) { brought = 2; return name_of(1); }`,
    first,
  );
  const third = await compile(
    bench,
    'const char *name_of(int n) { return n == 2 ? ".replaced" : ".wrong"; }',
    first,
    second,
  );
  await host.upload("first", first.bytes, call);
  await host.upload("second", second.bytes, call);
  await act(bench, "first", "apply");
  assert.equal((await versions(bench))[0], ".brought");
  await act(bench, "second", "apply");
  assert.equal((await versions(bench))[1], ".brought");
  assert.equal((await versions(bench))[0], ".changed");
  await host.upload("third", third.bytes, call);
  await act(bench, "third", "apply");
  assert.equal((await versions(bench))[0], ".replaced");
  await act(bench, "third", "revert", "unload");
  assert.equal((await versions(bench))[0], ".changed");
  await act(bench, "second", "revert", "unload");
  await act(bench, "first", "revert", "unload");
}

/** Thousands of entries that check and write nothing: old code as it is, and off by one bit. */
async function checksGuards(bench: Bench): Promise<void> {
  const { host, xen } = bench;
  const guarded = xen.byName.get("xen_changeset");
  assert.ok(guarded);
  // Behind an ENDBR64, where it may not start.
  const offset = 4;
  const code = xen.bytesAt(guarded.address, guarded.sizeBytes).slice(offset);
  const emit = (bytes: readonly Uint8Array[]) =>
    emitPayload({
      architecture: "x86_64",
      payloadVersion: 2,
      objects: [],
      replacements: [],
      guards: bytes.map((expected, index) => ({
        label: `guard ${index}`,
        oldName: guarded.name,
        oldOffset: offset,
        bytes: expected,
      })),
      hooks: [],
      stacking: { mode: "stack", guard: "full", marker: "none", requires: [] },
      depends: xen.buildId,
      xenDepends: xen.buildId,
      metadata: [],
      funcsAccess: "read-only",
    });
  const many = Array.from({ length: 3000 }, () => code);
  await host.upload("guards", emit(many).bytes, call);
  await act(bench, "guards", "apply", "revert", "unload");
  const wrong = code.map((byte, index) => (index === 2 ? byte ^ 1 : byte));
  await host.upload("guards", emit([...many, wrong]).bytes, call);
  await assert.rejects(host.act("apply", "guards", actOptions), /guard 3000/);
  assert.deepEqual(await host.status("guards", call), { kind: "checked" });
  await act(bench, "guards", "unload");
}

async function runsHooks(bench: Bench): Promise<void> {
  const { host, xen } = bench;
  const { mark } = await host.console(undefined, call);
  const compiled = await compileFile(xen, join(examples, "hooks.c"));
  await host.upload("hooks", compiled.bytes, call);
  const said = async () => (await host.console(mark, call)).text;
  assert.doesNotMatch(await said(), /xsplice example/);
  await act(bench, "hooks", "apply");
  assert.match(await said(), /xsplice example: applied/);
  assert.doesNotMatch(await said(), /xsplice example: reverted/);
  await act(bench, "hooks", "revert");
  assert.match(await said(), /xsplice example: reverted/);
  await act(bench, "hooks", "unload");
}
