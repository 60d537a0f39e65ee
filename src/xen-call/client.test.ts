import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HostError } from "../host/errors.ts";
import { XenClient } from "./client.ts";
import { type FakeOptions, FakeXen, type Family } from "./fake-xen.test.support.ts";

const families: readonly FakeOptions[] = [
  { family: "A", version: [4, 13], interfaceVersion: 0x12 },
  { family: "B", version: [4, 17], interfaceVersion: 0x15 },
  { family: "C", version: [4, 21], interfaceVersion: 0x16 },
];

function clientOf(xen: FakeXen): XenClient {
  return new XenClient(xen);
}

function xenOfFamily(family: Family): FakeXen {
  const options = families.find((one) => one.family === family);
  assert.ok(options);
  return new FakeXen(options);
}

test("XenClient reads what xen_version says", async () => {
  const client = clientOf(xenOfFamily("B"));
  assert.deepEqual(await client.version(), { major: 4, minor: 17 });
  assert.equal(await client.extraVersion(), ".5");
  assert.equal(await client.changeset(), "deadbeef");
  assert.equal(await client.commandLine(), "console=com1");
  assert.equal(await client.buildId(), "ab".repeat(20));
  assert.deepEqual(await client.compileInfo(), {
    compiler: "gcc 12",
    compiledBy: "me",
    domain: "example",
    date: "Monday",
  });
});

test("XenClient.buildId() knows a hypervisor without one", async () => {
  const xen = xenOfFamily("B");
  xen.hasBuildId = false;
  assert.equal(await clientOf(xen).buildId(), undefined);
});

for (const options of families) {
  const { family } = options;
  test(`XenClient uploads, reads the status and acts in family ${family}`, async () => {
    const xen = new FakeXen(options);
    const client = clientOf(xen);
    const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index);
    assert.equal(await client.get("fix"), undefined);
    await client.upload("fix", bytes);
    assert.deepEqual(xen.loaded[0]?.bytes, bytes);
    await assert.rejects(client.upload("fix", bytes), { name: "HostError", errno: 17 });
    xen.loaded[0] = { name: "fix", bytes, state: 2, rc: -16, metadata: "" };
    assert.deepEqual(await client.get("fix"), { state: 2, rc: -16 });
    const request = { timeoutNs: 4_000_000_000, dependencyCheck: "whole-chain" } as const;
    await client.action("replace", "fix", request);
    assert.deepEqual(xen.actions, [{ cmd: 4, timeout: 4_000_000_000, flags: 0 }]);
    await assert.rejects(client.action("apply", "no", request), (error) => {
      return error instanceof HostError && error.report.code === "host/unknown-payload";
    });
  });

  test(`XenClient.list() gives back any set of payloads in family ${family}`, async () => {
    const name = fc.stringMatching(/^[!-~é]{1,60}$/);
    const text = fc.stringMatching(/^[!-~]{1,60}$/);
    const payload = fc.record({
      name,
      metadata: fc.array(text, { maxLength: 3 }),
      state: fc.constantFrom(1, 2),
      rc: fc.integer({ min: -110, max: 0 }),
    });
    const payloads = fc.uniqueArray(payload, { selector: ({ name }) => name, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(payloads, fc.integer({ min: 1, max: 7 }), async (expected, atOnce) => {
        const xen = new FakeXen(options);
        xen.listAtOnce = atOnce;
        for (const { name, state, rc, metadata } of expected) {
          const blob = metadata.map((one) => `${one}\0`).join("");
          xen.loaded.push({ name, state, rc, bytes: new Uint8Array(0), metadata: blob });
        }
        const metadataOf = (all: readonly string[]) => (family === "A" ? undefined : all);
        assert.deepEqual(
          await clientOf(xen).list(),
          expected.map(({ name, state, rc, metadata }) => {
            return { name, state, rc, metadata: metadataOf([...metadata]) };
          }),
        );
      }),
      { numRuns: 60 },
    );
  });

  test(`XenClient.list() starts again when a payload comes meanwhile in family ${family}`, async () => {
    const xen = new FakeXen(options);
    xen.load("first", "x=1\0");
    let uploads = 3;
    xen.beforeList = () => {
      if (uploads-- > 0) xen.load(`late-${uploads}`, "y".repeat(1000));
    };
    const names = (await clientOf(xen).list()).map(({ name }) => name);
    assert.deepEqual(names, ["first", "late-2", "late-1", "late-0"]);
  });
}

test("XenClient.list() gives up when the list never holds still", async () => {
  const xen = xenOfFamily("B");
  xen.load("first");
  xen.beforeList = () => {
    xen.listVersion++;
  };
  await assert.rejects(clientOf(xen).list(), /payloads were loaded or unloaded/);
});

test("XenClient.action() sends NODEPS from 4.14 on, and refuses it before", async () => {
  const request = { timeoutNs: 0, dependencyCheck: "hypervisor-only" } as const;
  const xen = xenOfFamily("B");
  xen.load("fix");
  await clientOf(xen).action("apply", "fix", request);
  assert.deepEqual(xen.actions, [{ cmd: 3, timeout: 0, flags: 1 }]);
  const old = xenOfFamily("A");
  old.load("fix");
  await assert.rejects(clientOf(old).action("apply", "fix", request), /Xen 4.14 or later/);
});

test("XenClient.dialect() finds the neighbour when the release promises another", async () => {
  const xen = new FakeXen({ version: [4, 17], interfaceVersion: 0x14, family: "B" });
  assert.deepEqual(await clientOf(xen).dialect(), { version: 0x14, family: "B" });
  const unknown = new FakeXen({ version: [4, 99], interfaceVersion: 0x16, family: "C" });
  assert.deepEqual(await clientOf(unknown).dialect(), { version: 0x16, family: "C" });
});

test("XenClient.dialect() tells a release of the future from a security policy", async () => {
  const future = new FakeXen({ version: [4, 99], interfaceVersion: 0x40, family: "C" });
  await assert.rejects(clientOf(future).dialect(), /does not know the release/);
  const guarded = new FakeXen({ version: [4, 17], interfaceVersion: 0x40, family: "B" });
  await assert.rejects(clientOf(guarded).dialect(), /FLASK/);
});

test("XenClient says when the hypervisor has no live patching", async () => {
  const xen = xenOfFamily("B");
  xen.hasLivepatch = false;
  await assert.rejects(clientOf(xen).list(), /CONFIG_LIVEPATCH/);
  assert.equal((await clientOf(xen).readConsole()).text, "");
});

test("XenClient.readConsole() goes on where it stopped, and tells what was lost", async () => {
  const xen = xenOfFamily("B");
  const client = clientOf(xen);
  xen.console = Buffer.from("one\n".repeat(20_000));
  const first = await client.readConsole();
  assert.deepEqual([first.text.length, first.end, first.lost], [80_000, 80_000, false]);
  xen.console = Buffer.concat([xen.console, Buffer.from("two\n")]);
  assert.deepEqual(await client.readConsole(first.end), {
    text: "two\n",
    end: 80_004,
    lost: false,
  });
  xen.console = Buffer.from("late\n");
  xen.consoleLost = 100_000;
  const late = await client.readConsole(80_004);
  assert.deepEqual(late, { text: "late\n", end: 100_005, lost: true });
});

test("XenClient refuses names, sizes and time limits that no Xen takes", async () => {
  const client = clientOf(xenOfFamily("B"));
  const badArgument = (error: unknown): boolean =>
    error instanceof HostError && error.report.code === "host/bad-argument";
  const one = new Uint8Array(1);
  for (const name of ["", "a\0b", "x".repeat(128), "é".repeat(64)]) {
    await assert.rejects(client.upload(name, one), badArgument, name);
  }
  await client.upload("x".repeat(127), one);
  await assert.rejects(client.upload("fix", new Uint8Array(0)), badArgument);
  await assert.rejects(client.upload("fix", new Uint8Array(2 ** 21 + 1)), badArgument);
  const tooLong = { timeoutNs: 2 ** 32, dependencyCheck: "whole-chain" } as const;
  await assert.rejects(client.action("apply", "fix", tooLong), badArgument);
});
