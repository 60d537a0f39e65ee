// A policy of this machine: what it lets through to hosts, by each way by which bytes reach one, and whom it asks.

import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, mock, test } from "node:test";
import { sha256 } from "../../src/bytes/sha256.ts";
import { call, FakeDom0 } from "../../src/hosts/boot/fake-boot.test.support.ts";
import { ModelHost } from "../../src/hosts/model.ts";
import { syntheticModel } from "../../src/xen-model/synthetic.test.support.ts";
import type { CliRun } from "../run-cli.ts";
import { DepotUnderTest, errorOf } from "./depot-under-test.ts";
import { type Mirror, openMirror, truth } from "./evil-server.ts";

const own = new DepotUnderTest();
const dom0 = new FakeDom0();
const { make } = own;
const signed = make("signed", { mode: "independent", functions: ["delta"] });
const edgy = make("edgy", { functions: ["alpha"] });
const unsigned = make("unsigned", { functions: ["beta"] });
const policy = join(own.folder, "policy.json");
let mirror: Mirror;

function writePolicy(roots: readonly string[], channels: readonly string[]): void {
  writeFileSync(policy, JSON.stringify({ format: 1, uploads: { signedBy: { roots, channels } } }));
}

function newHost(): ModelHost {
  return Object.assign(new ModelHost(syntheticModel()), { boot: dom0.boot });
}

function xsplice(host: ModelHost, ...args: readonly string[]): Promise<CliRun> {
  return own.try(args, { host, env: { XSPLICE_POLICY: policy } });
}

async function refused(host: ModelHost, ...args: readonly string[]) {
  const before = await host.list();
  const run = await xsplice(host, ...args, "--json");
  const error = errorOf(run);
  assert.equal(error.code, "host/policy", run.stdout);
  assert.deepEqual(await host.list(), before, "nothing was uploaded, nothing was reverted");
  return error as typeof error & { readonly expected: string; readonly remedy: string };
}

async function done(host: ModelHost, ...args: readonly string[]): Promise<CliRun> {
  const run = await xsplice(host, ...args);
  assert.equal(run.exitCode, 0, `${args.join(" ")}\n${run.stdout}${run.stderr}`);
  return run;
}

before(async () => {
  await own.begin();
  await own.add(signed, "stable", "--fix", "XSA-1");
  await own.add(edgy, "edge");
  await own.publish();
  mirror = await openMirror(own.depot);
  await own.trust(mirror.url);
  writePolicy([sha256(readFileSync(own.root))], ["stable"]);
});
after(async () => {
  await mirror[Symbol.asyncDispose]();
  own.remove();
  rmSync(dom0.folder, { recursive: true, force: true });
});

test("load, upload, sync, update, boot enable and bisect upload nothing that the policy's channel has not signed", async () => {
  const host = newHost();
  for (const words of [
    ["load", unsigned.path],
    ["upload", "other-name", unsigned.path],
    ["sync", "--to", signed.path, unsigned.path],
    ["boot", "enable", "--payload", unsigned.path],
  ]) {
    const { problem, where, expected, remedy } = await refused(host, ...words);
    assert.match(problem, /demands a signature, and no channel of the depot has signed it/);
    assert.match(where ?? "", /policy\.json\n.*\(SHA-256 [0-9a-f]{64}\)/);
    assert.match(expected, /^signed by channel stable \(1 of key [0-9a-f]{8}\) of the depot$/);
    assert.match(remedy, /have the depot's vendor add it to that channel/);
  }
  assert.equal((await dom0.boot.report(call)).service, "off", "nothing was installed");
  const edge = await refused(host, "update", "--channel", "edge", "--yes");
  assert.match(edge.problem, /only channel edge has signed it/);
  const bisect = ["bisect", "--series", "none", "--check", "true", "--source", "s"];
  const needs = ["--xen-syms", "x", "--config", "c", "--state", join(own.folder, "state.json")];
  const built = await refused(host, ...bisect, ...needs);
  assert.match(built.problem, /what a bisection builds has none/);
  assert.match(built.remedy, /in a lab/);
});

test("load, sync, update and boot enable upload what the channel has signed, under whatever name", async () => {
  const host = newHost();
  await done(host, "load", signed.path);
  await done(host, "revert", "signed");
  await done(host, "unload", "signed");
  await done(host, "upload", "another", signed.path);
  await done(host, "apply", "another");
  await done(host, "boot", "enable", "--payload", signed.path);
  await done(host, "revert", "another");
  await done(host, "unload", "another");
  await done(host, "update");
  assert.deepEqual(host.model.applied, ["signed"]);
  const { lists } = await dom0.boot.report(call);
  assert.deepEqual(
    lists[0]?.payloads?.map(({ name }) => name),
    ["signed"],
  );
});

test("the policy of who commands counts for a host over ssh; a lab takes what is not signed yet", async () => {
  await refused(newHost(), "--host", "ssh:root@dom0", "load", unsigned.path);
  await done(newHost(), "--host", "lab:trial", "load", unsigned.path);
});

test("load uploads the bytes that were verified, though the file is another one by then", async () => {
  const host = newHost();
  const path = join(own.folder, "changing.livepatch");
  writeFileSync(path, signed.bytes);
  const uploads: Uint8Array[] = [];
  const upload = host.upload.bind(host);
  Object.assign(host, {
    upload: (name: string, bytes: Uint8Array) => {
      uploads.push(bytes);
      return upload(name, bytes);
    },
  });
  mirror.lie = {
    answer: () => {
      writeFileSync(path, unsigned.bytes);
      return undefined;
    },
  };
  try {
    await done(host, "load", path);
  } finally {
    mirror.lie = truth;
  }
  assert.deepEqual(uploads.map(sha256), [sha256(signed.bytes)]);
  assert.equal(sha256(readFileSync(path)), sha256(unsigned.bytes), "it was changed meanwhile");
  await refused(newHost(), "load", path);
});

test("sync says before its first step what it could not put back", async () => {
  const host = newHost();
  await own.try(["load", unsigned.path], { host });
  const run = await done(host, "sync", "--to", signed.path, "--payload", unsigned.path, "--yes");
  assert.match(run.stderr, /"unsigned" is not signed as the policy demands: .* not put back/);
  assert.deepEqual(host.model.applied, ["signed"]);
});

test("a probe is what needs no signature: nothing of it can run", async () => {
  const host = newHost();
  await done(host, "probe", unsigned.path);
  const { problem } = await refused(host, "upload", "xsplice-probe-mine", unsigned.path);
  assert.match(problem, /no channel of the depot has signed it/);
});

test("load under a policy that is broken uploads nothing, whoever signed it; list works", async () => {
  const broken = join(own.folder, "broken.json");
  writeFileSync(broken, "{}");
  const [host, env] = [newHost(), { XSPLICE_POLICY: broken }];
  const run = await own.try(["load", signed.path, "--json"], { host, env });
  assert.equal(errorOf(run).code, "depot/bad-policy");
  assert.deepEqual(await host.list(), []);
  assert.equal((await own.try(["list"], { host, env })).exitCode, 0);
});

test("where the depot does not answer, what it said last counts, until it expires", async () => {
  const dead = await openMirror(own.depot);
  await own.trust(dead.url, "--replace");
  await done(newHost(), "load", signed.path);
  await dead[Symbol.asyncDispose]();
  try {
    const late = await done(newHost(), "load", signed.path);
    assert.match(late.stderr, /warning: the depot was not asked .* counts until it expires/);
    await refused(newHost(), "load", unsigned.path);
    mock.timers.enable({ apis: ["Date"], now: Date.now() + 400 * 86_400_000 });
    try {
      const { problem, where } = await refused(newHost(), "load", signed.path);
      assert.match(problem, /the depot cannot be asked for it/);
      assert.match(where ?? "", /ECONNREFUSED/);
    } finally {
      mock.timers.reset();
    }
  } finally {
    await own.trust(mirror.url, "--replace");
  }
});

test("load asks the policy's depot and no other, and only for the hypervisor that runs", async () => {
  writePolicy(["ab".repeat(32)], ["stable"]);
  try {
    const other = await refused(newHost(), "load", signed.path);
    assert.match(other.where ?? "", /is not the one of the policy/);
    assert.match(other.where ?? "", /its first root is ([0-9a-f]{8} ?){8}/);
  } finally {
    writePolicy([sha256(readFileSync(own.root))], ["stable"]);
  }
  const env = { XSPLICE_POLICY: policy, XDG_STATE_HOME: join(own.folder, "nowhere") };
  const none = await own.try(["load", signed.path, "--json"], { host: newHost(), env });
  assert.equal(errorOf(none).code, "host/policy");
  assert.match(errorOf(none).where ?? "", /none is trusted here yet/);
});
