import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { crashError } from "./errors.ts";
import { kindOf, recipeOf } from "./lab-options.ts";
import { type Machine, machineArguments } from "./machine.ts";
import { partsForLab } from "./open-lab.ts";
import { QmpClient } from "./qmp.ts";
import { chooseHypervisor } from "./xen-choice.ts";

const world = mkdtempSync(join(tmpdir(), "xsplice-lab-"));
after(() => rmSync(world, { recursive: true, force: true }));

const refusals: readonly [string, Parameters<typeof recipeOf>[0], RegExp][] = [
  ["a release that is not known", { xen: "5.0" }, /Xen "5\.0": it is not known/],
  ["a path that leads nowhere", { xen: "./nowhere.gz" }, /there is no such file/],
  ["no processor", { cpus: 0 }, /cpus 0: it is out of range/],
  ["half a processor", { cpus: 1.5 }, /cpus 1\.5/],
  ["too little memory for dom0", { memoryMb: 128 }, /memoryMb 128/],
  ["two options in one word", { hypervisorOptions: ["loglvl=all sync_console"] }, /one plain word/],
];
for (const [what, options, message] of refusals) {
  test(`recipeOf() refuses ${what}`, () => {
    assert.throws(() => recipeOf(options), message);
  });
}

test("recipeOf() gives Xen 4.17 with one processor and no userland without being asked", () => {
  const { hypervisor, machine, userland } = recipeOf({});
  assert.deepEqual([hypervisor.name, machine.cpus, userland], ["4.17", 1, "minimal"]);
});

test("kindOf() differs with everything that makes another kind of lab", () => {
  const options = [
    {},
    { xen: "4.20" },
    { cpus: 2 },
    { memoryMb: 1024 },
    { userland: "full" },
    { hypervisorOptions: ["loglvl=all"] },
    { kernelOptions: ["xsplice.boot=off"] },
    { userland: "stock" },
  ] as const;
  const kinds = options.map((option) => kindOf(recipeOf(option)));
  assert.equal(new Set(kinds).size, options.length);
});

test("partsForLab() names tools and disk images only for a userland that has them", () => {
  assert.deepEqual(partsForLab({}), ["qemu", "kernel", "busybox", "xen-4.17"]);
  assert.ok(partsForLab({ userland: "full", xen: "4.20" }).includes("xen-tools-4.20"));
  const stock = partsForLab({ userland: "stock", xen: "4.20" });
  assert.ok(stock.includes("xen-tools-4.20") && !stock.includes("ssh-server"));
});

test("chooseHypervisor() takes the exact version of a package", () => {
  const { part, toolsPart } = chooseHypervisor("4.14.6-1");
  assert.deepEqual([part, toolsPart], ["xen-4.14.6-1", "xen-tools-4.14"]);
});

test("machineArguments() differ between boot and restore in the memory alone", () => {
  const machine: Machine = {
    architecture: "x86_64",
    processor: "amd",
    cpus: 2,
    memoryMb: 512,
    images: 1,
    hypervisorOptions: ["loglvl=all"],
    kernelOptions: ["xsplice.boot=off"],
  };
  const boot = machineArguments(machine, "shared-file", "no-disk").join(" ");
  const restore = machineArguments(machine, "private-file", "no-disk").join(" ");
  assert.equal(restore, `${boot.replace("share=on", "share=off")} -incoming defer`);
  assert.match(boot, /-append com1=115200,8n1 console=com1 dom0_mem=320M,max:320M .*loglvl=all/);
  assert.match(boot, /xsplice\.images=1 xsplice\.boot=off,initrd/);
  const lasting = machineArguments(machine, "anonymous", "disk").join(" ");
  assert.match(
    lasting,
    /xsplice\.disk=yes .*file=image-0,.*readonly=on .*file=disk,if=none,id=disk/,
  );
});

test("crashError() says which death it was and shows the console", () => {
  const error = crashError("lab x", { kind: "hypervisor-panic", console: "(XEN) Panic on CPU 0:" });
  assert.equal(
    error.message,
    [
      "Cannot go on with lab x: hypervisor crashed",
      "  where:    the end of its console:",
      "            (XEN) Panic on CPU 0:",
      "  remedy:   start a new lab",
    ].join("\n"),
  );
});

/** A monitor that answers each line by `answer`, in pieces of one byte. */
async function withMonitor(
  answer: (request: { execute: string; id: number }) => string,
  work: (client: QmpClient) => Promise<void>,
): Promise<void> {
  const path = join(mkdtempSync(join(world, "qmp-")), "qmp.sock");
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.write('{"QMP": {"version": {}, "capabilities": []}}\r\n');
    socket.on("data", (data) => {
      for (const line of data.toString().trim().split("\n")) {
        for (const byte of answer(JSON.parse(line))) socket.write(byte);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const client = await QmpClient.connect(path, () => undefined);
  try {
    await work(client);
  } finally {
    client.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

test("QmpClient pairs answers with requests, past events and in any cut", async () => {
  const event = '{"event": "RESUME", "timestamp": {}}\r\n';
  await withMonitor(
    ({ execute, id }) => `${event}{"return": "${execute}-ä", "id": ${id}}\r\n`,
    async (client) => {
      const answers = await Promise.all(["stop", "cont"].map((name) => client.execute(name)));
      assert.deepEqual(answers, ["stop-ä", "cont-ä"]);
    },
  );
});

test("QmpClient throws what QEMU refuses, and everything once QEMU is gone", async () => {
  await withMonitor(
    ({ execute, id }) =>
      execute === "qmp_capabilities"
        ? `{"return": {}, "id": ${id}}\r\n`
        : `{"error": {"class": "GenericError", "desc": "no such thing"}, "id": ${id}}\r\n`,
    async (client) => {
      await assert.rejects(client.execute("nonsense"), /"nonsense": no such thing/);
      client.close();
      await assert.rejects(client.execute("stop"), /it has ended/);
    },
  );
});
