// A dom0 without Node, with Xen's own tools only, through reboots: a disk outlives the labs, each lab is a cold
// boot of hypervisor and dom0, and closing one is a power failure.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { labHost } from "../../src/hosts/lab.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { type OpenLabOptions, openLab } from "../../src/lab/open-lab.ts";
import { type CliRun, runXsplice } from "../run-cli.ts";
import { build, extraVersion, type TestPayload, withCode } from "./contract-payloads.ts";
import { call } from "./host-under-test.ts";
import { describeOnXen } from "./why-no-xen.ts";
import { readXenImage, type XenImage } from "./xen-image.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-boot-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const DISK_MB = 32;
const SETTLE_SECONDS = 2;

// Each reboot takes seconds: `npm test` is content with one release, `npm run test:reboots` takes all.
const releases = (process.env["XSPLICE_REBOOTS_ON"] ?? "4.17").split(",");

for (const release of releases) {
  await describeOnXen(release, `a dom0 of Xen ${release} with stock tools, through reboots`, () => {
    const disk = join(folder, `${release}.img`);
    let lab: Lab;
    let xen: XenImage;
    let own: string;
    let first: TestPayload;
    let second: TestPayload;

    before(async () => {
      makeDisk(disk);
      await boot();
      assert.ok(lab.info.symbols);
      xen = readXenImage(lab.info.symbols);
      // With the release's own number before it, which decides on what a payload has to be like.
      own = await extra();
      first = build(extraVersion(xen, `${own}+1`));
      second = build(extraVersion(xen, `${own}+2`, { depends: first.buildId }));
    });
    after(async () => {
      await lab?.close();
    });

    async function boot(options: OpenLabOptions = {}): Promise<void> {
      lab = await openLab({ xen: release, userland: "stock", disk, ...options });
    }

    async function powerFailure(options: OpenLabOptions = {}): Promise<void> {
      await lab.close();
      await boot(options);
    }

    async function xsplice(...args: readonly string[]): Promise<CliRun> {
      return await runXsplice(args, { openHost: () => labHost(lab) });
    }

    async function inDom0(script: string): Promise<string> {
      const { stdout, stderr, exitCode } = await lab.exec(["sh", "-c", script]);
      assert.equal(exitCode, 0, stderr.toString());
      return stdout.toString();
    }

    async function applied(): Promise<readonly string[]> {
      await using host = await labHost(lab);
      const payloads = await host.list(call);
      return payloads.flatMap(({ name, status }) => (status.kind === "applied" ? name : []));
    }

    async function extra(): Promise<string> {
      await using host = await labHost(lab);
      return (await host.info(call)).version.extra;
    }

    async function load(name: string, { bytes }: TestPayload): Promise<void> {
      const path = join(folder, `${name}.livepatch`);
      writeFileSync(path, bytes);
      const run = await xsplice("load", path);
      assert.equal(run.exitCode, 0, run.stderr);
      assert.doesNotMatch(run.stderr, /warning/);
    }

    async function settle(): Promise<void> {
      await inDom0(`sleep ${SETTLE_SECONDS}; sh /var/lib/xsplice/boot/xsplice-boot.sh settle`);
    }

    test("applies again what was applied, in its order, and says so", async () => {
      const enabled = await xsplice("boot", "enable", "--settle", String(SETTLE_SECONDS));
      assert.equal(enabled.exitCode, 0, enabled.stderr);
      assert.match(enabled.stdout, /There is no systemd: run "sh .*xsplice-boot\.sh start"/);
      await load("first", first);
      await load("second", second);
      await settle();
      await powerFailure();
      assert.equal(await inDom0("command -v node || echo none"), "none\n");
      assert.deepEqual(await applied(), ["first", "second"]);
      assert.equal(await extra(), `${own}+2`);
      const status = await xsplice("boot", "status");
      assert.equal(status.exitCode, 0, status.stdout);
      assert.match(status.stdout, /kept: first \(applied/);
    });

    test("sets aside what was applied only shortly before a power failure", async () => {
      await settle();
      await load("third", build(extraVersion(xen, `${own}+3`, { depends: second.buildId })));
      await powerFailure();
      assert.deepEqual(await applied(), ["first", "second"]);
      const status = await xsplice("boot", "status", "--json");
      assert.equal(status.exitCode, 2);
      const { quarantined, troubles } = JSON.parse(status.stdout);
      assert.deepEqual(
        quarantined.map(({ name, why }: { name: string; why: string }) => [name, why]),
        [["third", "young"]],
      );
      assert.ok(troubles.some(({ kind }: { kind: string }) => kind === "missing"));
    });

    test("sets aside what crashes the hypervisor while it is applied at boot", async () => {
      await settle();
      const code = 'void test_crash(void) { asm volatile("ud2"); }';
      const recipe = extraVersion(xen, `${own}+4`, { depends: second.buildId });
      const crash = build({ ...withCode(recipe, code), hooks: { load: ["test_crash"] } });
      await using host = await labHost(lab);
      const dependencyCheck = "whole-chain" as const;
      const known = ["first", "second"].map((name) => ({
        name,
        bytes: undefined,
        dependencyCheck,
      }));
      const all = [...known, { name: "crash", bytes: crash.bytes, dependencyCheck }];
      const set = { xenBuildId: xen.buildId, applied: all, idle: [] };
      assert.deepEqual((await host.boot?.keep(set, call))?.unknown, []);
      await inDom0("rm /var/lib/xsplice/boot/young/*; sync");
      // Either is seen first: the words on the console, or that QEMU ended with the reset that follows.
      await assert.rejects(powerFailure(), /QEMU ended|hypervisor crashed/);
      await boot();
      assert.deepEqual(await applied(), ["first", "second"]);
      const status = await xsplice("boot", "status");
      assert.match(status.stdout, /set aside: crash, since the host crashed while it was being/);
      assert.match(status.stdout, /the last boot did not apply "crash": it is set aside/);
    });

    if (release !== "4.17") return;

    test("applies nothing when the kernel's command line or another hypervisor says so", async () => {
      await settle();
      await powerFailure({ kernelOptions: ["xsplice.boot=off"] });
      assert.deepEqual(await applied(), []);
      assert.match((await xsplice("boot", "status")).stdout, /xsplice\.boot=off is on the command/);
      await powerFailure({ xen: "4.20" });
      assert.deepEqual(await applied(), []);
      const { stdout } = await xsplice("boot", "status");
      assert.match(stdout, new RegExp(`left alone: ${xen.buildId}`));
      assert.match(stdout, /it has another build-id than before the reboot/);
    });

    test("what was set aside is applied again when somebody says so", async () => {
      await powerFailure();
      const released = await xsplice("boot", "release", "third");
      assert.equal(released.exitCode, 0, released.stderr);
      const stranger = await xsplice("boot", "release", "third");
      assert.equal(stranger.exitCode, 64);
      assert.match(stranger.stderr, /it is not set aside on .*\n.*one of "crash"/);
    });
  });
}

function makeDisk(path: string): void {
  writeFileSync(path, "");
  const { status, stderr } = spawnSync("/sbin/mke2fs", [
    ...["-q", "-t", "ext4", "-F", path, `${DISK_MB}M`],
  ]);
  assert.equal(status, 0, String(stderr));
}
