// What `xsplice check` calls a hazard, done on a real hypervisor: Xen says yes, and what happens is
// what the rule says. What Xen refuses, and dies of, is the differential test's.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, test } from "node:test";
import { toHex } from "../../src/bytes/hex.ts";
import { type CheckReport, checkPayloads } from "../../src/check/check.ts";
import type { RuleId } from "../../src/check/rules.ts";
import type { StepAction } from "../../src/check/step.ts";
import type { LivepatchHost } from "../../src/host/host.ts";
import { labHost } from "../../src/hosts/lab.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { openLab } from "../../src/lab/open-lab.ts";
import { Errno } from "../../src/xen-abi/errno.ts";
import { XenClient } from "../../src/xen-call/client.ts";
import { ProxyTransport } from "../../src/xen-call/proxy.ts";
import { type Hypervisor, openHypervisor } from "../../src/xen-model/hypervisor.ts";
import type { StockFunction, StockRecipe } from "../stock-payload.ts";
import { build, type TestPayload } from "./contract-payloads.ts";
import { actOptions, call, clearHost, refused } from "./host-under-test.ts";
import { describeOnXen } from "./why-no-xen.ts";

const ENTRY_SIZE = 16;
const EXPECTATION_SIZE = 31;

await describeOnXen("4.17", "what check says, on Xen 4.17", () => {
  let lab: Lab;
  let host: LivepatchHost;
  let client: XenClient;
  let hypervisor: Hypervisor;

  before(async () => {
    lab = await openLab({ xen: "4.17" });
    assert.ok(lab.info.symbols);
    host = await labHost(lab);
    client = new XenClient(new ProxyTransport(lab.agent));
    hypervisor = openHypervisor(readFileSync(lab.info.symbols), lab.info.symbols);
  });
  after(async () => {
    await lab?.close();
  });
  afterEach(async () => clearHost(host));

  function check(payloads: readonly TestPayload[], action: StepAction = "apply"): CheckReport {
    return checkPayloads({
      hypervisor,
      payloads: payloads.map(({ bytes }, index) => ({
        name: nameOf(index),
        source: `${nameOf(index)}.livepatch`,
        bytes,
      })),
      action,
      dependencyCheck: "whole-chain",
      allowed: ["expectation-missing"],
    });
  }

  /** Rules that fire, but for that of the missing look, which is no subject here. */
  function fired({ payloads }: CheckReport): readonly RuleId[] {
    const all = payloads.flatMap(({ hazards }) => hazards.map(({ rule }) => rule));
    return [...new Set(all)].filter((rule) => rule !== "expectation-missing");
  }

  /** A payload with a body for each function, all of them by name. */
  function payload(code: string, functions: readonly StockFunction[], depends?: TestPayload) {
    assert.ok(hypervisor.buildId);
    const recipe: StockRecipe = { code, functions, xenBuildId: toHex(hypervisor.buildId) };
    return build(depends === undefined ? recipe : { ...recipe, depends: depends.buildId });
  }

  function replacing(name: string, symbol: string): StockFunction {
    const address = hypervisor.lookup(name);
    const size = address === undefined ? undefined : hypervisor.facts.functionAt(address);
    assert.ok(size, `Xen has no ${name}`);
    return { name, oldSize: size.sizeBytes, by: { symbol } };
  }

  async function load(...payloads: readonly TestPayload[]): Promise<void> {
    for (const [index, { bytes }] of payloads.entries()) {
      await host.upload(nameOf(index), bytes, call);
      await host.act("apply", nameOf(index), actOptions);
    }
  }

  test("superseded-code-reachable: a caller below stays with the superseded copy", async () => {
    const lower = payload(
      `__attribute__((noinline)) const char *r1_extra(void) { asm(""); return ".old"; }
       const char *r1_changeset(void) { const char *extra = r1_extra(); asm(""); return extra; }`,
      [replacing("xen_extra_version", "r1_extra"), replacing("xen_changeset", "r1_changeset")],
    );
    const upper = payload(
      'const char *r2_extra(void) { return ".new"; }',
      [replacing("xen_extra_version", "r2_extra")],
      lower,
    );
    const report = check([lower, upper]);
    assert.deepEqual(fired(report), ["superseded-code-reachable", "patched-by-two-payloads"]);
    await load(lower, upper);
    assert.equal(await client.extraVersion(), ".new");
    assert.equal(await client.changeset(), ".old");
  });

  test("one-way: a payload with data cannot be applied again", async () => {
    const code = 'int r3_data = 7; const char *r3_extra(void) { return r3_data ? ".a" : ".b"; }';
    const data = payload(code, [replacing("xen_extra_version", "r3_extra")]);
    assert.deepEqual(fired(check([data])), ["one-way"]);
    await load(data);
    await host.act("revert", nameOf(0), actOptions);
    await assert.rejects(host.act("apply", nameOf(0), actOptions));
    assert.equal((await host.status(nameOf(0), call))?.kind, "failed");
  });

  test("bound-to-payload: Xen unloads what another payload refers to", async () => {
    const lower = payload('const int r4_shared = 1; const char *r4_extra(void) { return ".l"; }', [
      replacing("xen_extra_version", "r4_extra"),
    ]);
    const upper = payload(
      "extern int r4_shared; const void *r5_changeset(void) { return &r4_shared; }",
      [replacing("xen_changeset", "r5_changeset")],
      lower,
    );
    assert.deepEqual(fired(check([lower, upper])), ["bound-to-payload"]);
    await host.upload(nameOf(0), lower.bytes, call);
    await host.upload(nameOf(1), upper.bytes, call);
    await host.act("unload", nameOf(0), actOptions);
    assert.equal(await host.status(nameOf(0), call), undefined);
  });

  test("replace-without-way-back: a REPLACE that fails leaves the old function there", async () => {
    const old = payload('const char *r6_extra(void) { return ".fix"; }', [
      replacing("xen_extra_version", "r6_extra"),
    ]);
    const wrong = payload('const char *r7_extra(void) { return ".fix2"; }', [
      { ...replacing("xen_extra_version", "r7_extra"), expectation: "ffff" },
    ]);
    const report = check([old, wrong], "replace");
    assert.deepEqual(fired(report), ["replace-without-way-back"]);
    assert.equal(report.outcome, "refused");
    const effects = report.payloads[1]?.effects.map(({ name, effect }) => `${name} ${effect}`);
    assert.deepEqual(effects, ["xen_extra_version reverted"]);
    const before = await client.extraVersion();
    await load(old);
    await host.upload(nameOf(1), wrong.bytes, call);
    await assert.rejects(host.act("replace", nameOf(1), actOptions));
    assert.equal(await client.extraVersion(), before);
  });

  test("expectation-of-boot-code: what xen-syms has is not what Xen finds", async () => {
    const { name, bytes } = await codeChangedAtBoot();
    const guard = payload("const int r8 = 1;", [
      { name, oldSize: EXPECTATION_SIZE, by: "guard", expectation: toHex(bytes) },
    ]);
    assert.deepEqual(fired(check([guard])), ["expectation-of-boot-code"]);
    await host.upload(nameOf(0), guard.bytes, call);
    await refused(host.act("apply", nameOf(0), actOptions), { errno: Errno.EINVAL });
  });

  /** A function whose first bytes Xen rewrote for this CPU, with those of the file. */
  async function codeChangedAtBoot(): Promise<{ name: string; bytes: Uint8Array }> {
    const { memory, facts, image } = hypervisor;
    const step = BigInt(ENTRY_SIZE);
    for (let address = image.start; address < image.end; address += step) {
      const found = facts.functionAt(address);
      if (found?.address !== address || found.sizeBytes < EXPECTATION_SIZE) continue;
      const read = memory.read(address, EXPECTATION_SIZE);
      const bytes = facts.fileBytes(address, EXPECTATION_SIZE);
      if (read.kind !== "bytes" || !read.unknown?.includes(1) || bytes === undefined) continue;
      const real = await lab.readHypervisor(address, EXPECTATION_SIZE);
      if (toHex(real) !== toHex(bytes)) return { name: found.name, bytes };
    }
    throw new Error("Xen changed no function's start at boot");
  }

  // Last, since it leaves a jump to nowhere in a function that nobody calls.
  test("entry-patched-twice: a revert leaves the first jump behind", async () => {
    const twice = payload(
      'const char *r9_one(void) { return ".1"; } const char *r9_two(void) { return ".2"; }',
      [replacing("xen_compiler", "r9_one"), replacing("xen_compiler", "r9_two")],
    );
    assert.deepEqual(fired(check([twice])), ["entry-patched-twice"]);
    const address = hypervisor.lookup("xen_compiler") ?? 0n;
    const original = toHex(await lab.readHypervisor(address, ENTRY_SIZE));
    await load(twice);
    await host.act("revert", nameOf(0), actOptions);
    const left = toHex(await lab.readHypervisor(address, ENTRY_SIZE));
    assert.notEqual(left, original);
    assert.match(left, /^(f30f1efa)?e9/);
  });
});

function nameOf(index: number): string {
  return `check-${index}`;
}
