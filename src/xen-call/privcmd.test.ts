import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { HostError } from "../host/errors.ts";
import { loadLibc } from "./libc.ts";
import { openPrivcmd } from "./privcmd.ts";
import { ResidentMemory } from "./resident-memory.ts";

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "xsplice-privcmd-"));
  writeFileSync(join(folder, "type"), "xen\n");
  writeFileSync(join(folder, "file"), "");
});
after(() => rmSync(folder, { recursive: true }));

function paths(privcmd: string, hypervisorType: string) {
  return {
    privcmd: [join(folder, privcmd)],
    hypercall: join(folder, "none"),
    hypervisorType: join(folder, hypervisorType),
  };
}

test("openPrivcmd() tells a machine without Xen from a module that is not loaded", async () => {
  const unreachable = (text: RegExp) => (error: unknown) =>
    error instanceof HostError &&
    error.report.code === "host/unreachable" &&
    text.test(error.message);
  await assert.rejects(openPrivcmd(paths("none", "none")), unreachable(/--host ssh:USER@HOST/));
  await assert.rejects(openPrivcmd(paths("none", "type")), unreachable(/modprobe xen-privcmd/));
});

test("openPrivcmd() gives a transport whose errors are negative numbers, on both ways", async () => {
  // A plain file knows no ioctl: ENOTTY shows that both ways make the call and read errno.
  await using transport = await openPrivcmd(paths("file", "type"));
  for (const size of [8, 100_000]) {
    const arena = Uint8Array.from({ length: size }, (_, index) => index);
    const args = [{ arenaOffset: 0 }];
    const answer = await transport.hypercall({
      op: 35,
      args,
      arena,
      pointers: [],
      outputLength: 8,
    });
    assert.deepEqual(answer, { result: -25, output: arena.slice(0, 8) });
  }
  const pointers = [{ at: 0, target: 8 }];
  const call = { op: 35, args: [], arena: new Uint8Array(16), pointers, outputLength: 8 };
  const { output } = await transport.hypercall(call);
  assert.notDeepEqual(output, new Uint8Array(8));
});

test("ResidentMemory gives out whole pages, and the same ones again", async () => {
  const memory = new ResidentMemory(await loadLibc(), join(folder, "none"));
  const first = memory.take(5000);
  assert.equal(first.bytes.length, 8192);
  assert.equal(first.address % 4096n, 0n);
  const second = memory.take(1);
  assert.notEqual(second.address, first.address);
  memory.give(first);
  assert.equal(memory.take(8192).address, first.address);
  memory.give(second);
  memory.close();
});
