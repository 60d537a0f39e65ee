// Payloads on a real Xen for arm64, which is built once from Debian's source: from source patches and from C,
// with guards, stacked, replaced, beside each other, reverted; and what check, inspect and build say of A64.
// Run by `npm run test:arm64`, not by `npm test`: what it fetches and builds takes minutes.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createTwoFilesPatch } from "diff";
import type { Base } from "../../../src/bases/base.ts";
import { openBase } from "../../../src/bases/open-base.ts";
import { checkPayloads } from "../../../src/check/check.ts";
import { progressLine } from "../../../src/cli/text/progress.ts";
import { HostError } from "../../../src/host/errors.ts";
import { openLab } from "../../../src/lab/open-lab.ts";
import { openHypervisor } from "../../../src/xen-model/hypervisor.ts";
import { type Bench, benchOf, versions } from "../compile-bench.ts";
import { call, clearHost } from "../host-under-test.ts";
import { cumulativeScenarios } from "../modes/cumulative.ts";
import { independentScenarios } from "../modes/independent.ts";
import {
  type MakePayload,
  makerFromC,
  makerFromPatches,
  onceEach,
  versionFile,
} from "../modes/makers.ts";
import { stackScenarios } from "../modes/stack.ts";
import { act, type Scenarios, stateOf } from "../modes/stage.ts";

const WORD = "debian-arm64:4.17.5+72-g01140da4e8-1";
/** Fetching, building and the first boot. */
const FIRST_MS = 900_000;
const timeout = 300_000;

const main = fileURLToPath(new URL("../../../src/cli/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "xsplice-arm64-"));
after(() => rmSync(folder, { recursive: true, force: true }));

let base: Base;
let bench: Bench | undefined;

before(
  async () => {
    const { onProgress, end } = progressLine(process);
    base = await openBase(WORD, { onProgress });
    // What compiles in this process, and in those that it starts.
    if (base.path !== undefined) process.env["PATH"] = base.path;
    bench = await openBench();
    end();
  },
  { timeout: FIRST_MS },
);
after(() => bench?.close());

async function openBench(start: "snapshot" | "cold-boot" = "snapshot"): Promise<Bench> {
  assert.ok(base.image);
  const { image: xen, xenSyms: xenSymbols } = base;
  return await benchOf(await openLab({ architecture: "arm64", xen, xenSymbols, start }));
}

afterEach(async () => clearHost(benchNow().host));

function benchNow(): Bench {
  assert.ok(bench);
  return bench;
}

function sourceOfBase() {
  assert.ok(base.source && base.config);
  return { source: base.source, xenSyms: base.xenSyms, config: base.config.name };
}

/** Those without markers, which no Xen for arm64 takes: it patches nothing outside of its own image. */
const played = [
  "--mode stack goes on exactly what it was built on, and back",
  "--mode independent goes in any order, unless payloads overlap",
  "--mode cumulative takes the place of all others, and gives it back",
];
const known: Scenarios = { ...stackScenarios, ...independentScenarios, ...cumulativeScenarios };

playAll("payloads of compile on arm64", () => makerFromC(benchNow()));
playAll("payloads of build on arm64", () => makerFromPatches(sourceOfBase()));

function playAll(title: string, openMaker: () => MakePayload): void {
  describe(title, () => {
    let make: MakePayload | undefined;
    for (const name of played) {
      test(name, { timeout }, async () => {
        const play = known[name];
        assert.ok(play);
        make ??= onceEach(openMaker());
        const stage = { bench: benchNow(), make };
        const untouched = await stateOf(stage.bench);
        await play(stage);
        assert.deepEqual(await stateOf(stage.bench), untouched, "the host is as it was");
        assert.deepEqual(await stage.bench.host.list(call), []);
      });
    }
  });
}

test("openLab() restores a lab for arm64 from its snapshot", { timeout }, async () => {
  const startedAt = performance.now();
  const restored = await openBench();
  try {
    assert.equal(restored.lab.info.startedFrom, "snapshot");
    assert.equal(restored.lab.info.architecture, "arm64");
    assert.deepEqual(await versions(restored), await versions(benchNow()));
    assert.deepEqual(await restored.host.list(call), []);
    const ms = Math.round(performance.now() - startedAt);
    process.stderr.write(`restored and asked in ${ms} ms\n`);
  } finally {
    await restored.close();
  }
});

test("openLab() boots a lab for arm64 without a snapshot", { timeout }, async () => {
  const startedAt = performance.now();
  const booted = await openBench("cold-boot");
  try {
    assert.equal(booted.lab.info.startedFrom, "cold-boot");
    process.stderr.write(`booted in ${Math.round(performance.now() - startedAt)} ms\n`);
  } finally {
    await booted.close();
  }
});

test("checkPayloads() says of arm64 what Xen says, without being told the release", async () => {
  const bytes = await compiledPayload();
  const verdict = (checked: Uint8Array) => {
    const hypervisor = openHypervisor(readFileSync(base.xenSyms), base.xenSyms);
    assert.equal(`${hypervisor.release.major}.${hypervisor.release.minor}`, "4.17");
    const payload = { name: "fix", source: "fix.livepatch", bytes: checked };
    return checkPayloads({
      hypervisor,
      payloads: [payload],
      action: "apply",
      dependencyCheck: "whole-chain",
      allowed: [],
    });
  };
  const { host } = benchNow();
  assert.equal(verdict(bytes).payloads[0]?.verdict.kind, "accepted");
  await host.upload("fix", bytes, call);
  await act(benchNow(), "apply", "fix");
  for (const action of ["revert", "unload"] as const) await act(benchNow(), action, "fix");
  // The name of the function that is replaced, which Xen then does not have.
  const unknown = Buffer.from(bytes);
  for (let at = unknown.indexOf("xen_extra_version"); at >= 0; ) {
    unknown.write("yen_extra_version", at);
    at = unknown.indexOf("xen_extra_version");
  }
  const answer = verdict(unknown).payloads[0]?.verdict;
  assert.equal(answer?.kind, "refused");
  await assert.rejects(host.upload("fix", unknown, call), HostError);
});

test("inspect shows arm64's code by name, beside the hypervisor's", async () => {
  const path = join(folder, "fix.livepatch");
  writeFileSync(path, await compiledPayload());
  const args = ["inspect", path, "--disassemble", "xen_extra_version", "--xen-syms", base.xenSyms];
  const { status, stdout, stderr } = xsplice(...args);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /adrp x0, /);
  assert.match(stdout, /add x0, x0, :lo12:/);
  assert.match(stdout, /"\.5"/);
});

test("compilePayload() says that payloads for arm64 have no markers", async () => {
  const make = makerFromC(benchNow());
  const below = await make("stack", { extra: ".below" }, []);
  await assert.rejects(
    make("independent", { extra: ".above" }, [below]),
    /no marker .*expected: +a hypervisor for x86-64/s,
  );
});

const file = "xen/common/version.c";

function build(from: string, to: string, ...more: string[]) {
  const patch = join(folder, "fix.patch");
  writeFileSync(patch, createTwoFilesPatch(`a/${file}`, `b/${file}`, from, to));
  const output = join(folder, "built.livepatch");
  return xsplice("build", "--patch", patch, "--base", WORD, "-o", output, ...more);
}

test("build explains arm64's code", { timeout }, () => {
  const text = versionFile(sourceOfBase());
  const fixed = text.replace("return XEN_CHANGESET;", 'return "explained";');
  const { status, stdout, stderr } = build(text, fixed, "--explain", "xen_changeset");
  assert.equal(status, 0, stderr);
  assert.match(stdout, /adrp x0, .*add x0, x0, :lo12:/s);
});

test("build shows the instruction of arm64 that does not run", { timeout }, () => {
  const { source } = sourceOfBase();
  const other = join(folder, "other");
  for (const name of ["Config.mk", "config", "xen"]) {
    cpSync(join(source, name), join(other, name), { recursive: true, verbatimSymlinks: true });
  }
  const text = versionFile(sourceOfBase()).replace("return XEN_SUBVERSION;", "return 77;");
  writeFileSync(join(other, file), text);
  const fixed = text.replace("return 77;", "return 78;");
  const { status, stdout, stderr } = build(text, fixed, "--source", other);
  assert.equal(status, 2, stderr);
  assert.match(stdout + stderr, /mov w0, #0x4d/);
  assert.match(stdout + stderr, /mov w0, #0x11/);
});

async function compiledPayload(): Promise<Uint8Array> {
  return (await makerFromC(benchNow())("stack", { extra: ".checked" }, [])).bytes;
}

function xsplice(...args: string[]) {
  return spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
}
