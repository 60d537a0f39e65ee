// From C to a patched hypervisor: what `xsplice compile` makes is what unmodified Xen takes, applies
// and lets go again. Effects are seen where they count: in what Xen answers to XENVER_extraversion
// and XENVER_changeset, on its console, and in its memory read from outside.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type CompiledPayload, compilePayload } from "../../src/builder/compile.ts";
import type { PayloadBelow } from "../../src/builder/payload-below.ts";
import { readXenSyms, type XenSyms } from "../../src/builder/xen-syms.ts";
import { toHex } from "../../src/bytes/hex.ts";
import type { Action, LivepatchHost } from "../../src/host/host.ts";
import { labHost } from "../../src/hosts/lab.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { openLab } from "../../src/lab/open-lab.ts";
import { parsePayload } from "../../src/payload/parse.ts";
import { XenClient } from "../../src/xen-call/client.ts";
import { ProxyTransport } from "../../src/xen-call/proxy.ts";
import { extraVersionRecipe, makeStockPayload } from "../stock-payload.ts";
import { actOptions } from "./host-contract.ts";

const call = { deadlineMs: 60_000 };
const examples = fileURLToPath(new URL("../../../examples/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "xsplice-compile-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));

for (const xen of ["4.14", "4.17", "4.20"]) {
  describe(`compilePayload() for Xen ${xen}`, () => {
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
    test("makes hooks that run, with Xen's own printk", () => runsHooks(bench));
  });
}

/** A lab and everything to patch it with. */
interface Bench {
  readonly lab: Lab;
  readonly host: LivepatchHost;
  readonly client: XenClient;
  readonly xen: XenSyms;
  close(): Promise<void>;
}

async function openBench(xen: string): Promise<Bench> {
  const lab = await openLab({ xen });
  const { symbols } = lab.info;
  assert.ok(symbols);
  return {
    lab,
    host: await labHost(lab),
    client: new XenClient(new ProxyTransport(lab.agent)),
    xen: readXenSyms(readFileSync(symbols), symbols),
    close: () => lab.close(),
  };
}

let count = 0;

function compile({ xen }: Bench, c: string, below?: PayloadBelow): Promise<CompiledPayload> {
  const source = join(folder, `${count++}.c`);
  writeFileSync(source, c);
  return compileFile(xen, source, below);
}

function compileFile(xen: XenSyms, source: string, below?: PayloadBelow): Promise<CompiledPayload> {
  return compilePayload({
    sources: [source],
    xen,
    replace: [],
    compiler: undefined,
    extraFlags: [],
    release: undefined,
    below,
    metadata: [],
  });
}

/** Runs the actions on a payload; each has to do something. */
async function act({ host }: Bench, name: string, ...actions: readonly Action[]): Promise<void> {
  for (const action of actions) {
    const outcome = await host.act(action, name, actOptions);
    assert.equal(outcome.result, "done", `${action} ${name}`);
  }
}

async function versions({ client }: Bench): Promise<readonly [extra: string, changeset: string]> {
  return [await client.extraVersion(), await client.changeset()];
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
    const names = functions.map(({ kind, name, oldSize }) => ({ kind, name, oldSize }));
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
    { ...first, buildId: second.buildId },
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
