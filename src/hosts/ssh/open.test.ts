import assert from "node:assert/strict";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { HostError } from "../../host/errors.ts";
import { SshConnection } from "./connection.ts";
import { actOptions, makePlace, options, soon, withHost } from "./fake-dom0.test.support.ts";
import { openSshHost } from "./open.ts";

test("openSshHost() works with the stock tools alone, from upload to unload", async () => {
  await withHost(async (host, place) => {
    assert.deepEqual(host.capabilities, {
      timeLimit: false,
      noDependencies: true,
      console: true,
      metadata: true,
    });
    const info = await host.info(options);
    assert.deepEqual(info.version, { major: 4, minor: 17, extra: ".5" });
    assert.equal(info.buildId, "00ff");
    assert.deepEqual(await host.list(options), []);
    const payload = new Uint8Array(100_000).fill(7);
    await host.upload("fix", payload, options);
    assert.deepEqual(new Uint8Array(await readFile(join(place.folder, "received"))), payload);
    assert.deepEqual(await readdir(join(place.folder, "tmp")), []);
    assert.equal((await host.act("apply", "fix", actOptions)).result, "done");
    assert.deepEqual(await host.status("fix", options), { kind: "applied" });
    assert.equal((await host.act("apply", "fix", actOptions)).result, "unnecessary");
    await host.act("revert", "fix", actOptions);
    assert.equal((await host.act("unload", "fix", actOptions)).status, undefined);
    assert.deepEqual(await host.list(options), []);
  });
});

test("openSshHost() passes names to the remote shell as they are", async () => {
  await withHost(async (host) => {
    const names = ["it's", '$(reboot) `x` "q"', "a  b", "*", "-n", "; exit 1"];
    for (const name of names) await host.upload(name, new Uint8Array(4), options);
    const listed = (await host.list(options)).map(({ name }) => name);
    assert.deepEqual(listed.sort(), names.sort());
  });
});

test("openSshHost() tells what the tool only numbers", async () => {
  await withHost(async (host, place) => {
    await host.upload("fix", new Uint8Array(4), options);
    await assert.rejects(host.upload("fix", new Uint8Array(4), options), (error: unknown) => {
      assert.ok(error instanceof HostError);
      assert.equal(error.errno, 17);
      assert.match(error.message, /a payload of this name is loaded already/);
      return true;
    });
    assert.deepEqual(await readdir(join(place.folder, "tmp")), []);
    await host.upload("buried", new Uint8Array(4), options);
    await host.act("apply", "buried", actOptions);
    await assert.rejects(host.act("revert", "buried", actOptions), /was applied after it/);
  });
});

test("openSshHost() says what ssh said when the host cannot be reached", async () => {
  const { folder } = await makePlace();
  const broken = join(folder, "broken");
  await writeFile(broken, "#!/bin/sh\necho 'no route to host' >&2\nexit 255\n", { mode: 0o755 });
  await assert.rejects(
    openSshHost({ destination: "dom0", command: [broken], ...options }),
    (error: unknown) => {
      assert.ok(error instanceof HostError);
      assert.equal(error.report.code, "host/unreachable");
      assert.match(error.report.where ?? "", /no route to host/);
      return true;
    },
  );
  await rm(folder, { recursive: true });
});

test("openSshHost() says so when there is no ssh", async () => {
  await assert.rejects(
    openSshHost({ destination: "dom0", command: ["/no/such/ssh"], ...options }),
    (error: unknown) => {
      assert.ok(error instanceof HostError);
      assert.equal(error.report.code, "host/unreachable");
      assert.match(error.report.where ?? "", /not found/);
      return true;
    },
  );
});

test("openSshHost() gives up on a host that does not answer", async () => {
  const { folder } = await makePlace();
  const silent = join(folder, "silent");
  await writeFile(silent, "#!/bin/sh\nexec sleep 60\n", { mode: 0o755 });
  await assert.rejects(
    openSshHost({ destination: "dom0", command: [silent], deadlineMs: 200 }),
    (error: unknown) => error instanceof HostError && error.report.code === "host/timeout",
  );
  await rm(folder, { recursive: true });
});

test("SshConnection goes on when a terminal sends its ^C to all of its processes", async () => {
  const { folder, command } = await makePlace();
  const { signal } = new AbortController();
  await using connection = await SshConnection.open({ destination: "dom0", command }, signal);
  const { stdout } = await connection.run(
    { task: "live", script: "kill -INT $$; echo alive" },
    soon(),
  );
  assert.equal(stdout, "alive\n");
  await rm(folder, { recursive: true });
});

test("SshConnection.open() leaves no ssh behind when time was up before it started", async () => {
  const options = { destination: "dom0", command: ["sh", "-c", "exec sleep 60"] };
  const start = performance.now();
  await assert.rejects(SshConnection.open(options, AbortSignal.abort()), HostError);
  assert.ok(performance.now() - start < 30_000);
});

test("openSshHost() refuses a destination that ssh would take for an option", async () => {
  await assert.rejects(
    openSshHost({ destination: "-oProxyCommand=reboot", command: ["false"], ...options }),
    /not a destination for ssh/,
  );
});

test("openSshHost() says so when there is nothing to patch with", async () => {
  const { folder, command } = await makePlace();
  await rm(join(folder, "bin"), { recursive: true });
  await assert.rejects(
    openSshHost({ destination: "dom0", command, ...options }),
    /neither xen-livepatch nor xsplice/,
  );
  await rm(folder, { recursive: true });
});
