// One depot with two channels and payloads for several real Xens: each host comes to its wish, follows what is
// promoted and what is revoked, and has it again after a reboot, by the boot script of a dom0 without Node.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { labHost } from "../../../src/hosts/lab.ts";
import type { Lab } from "../../../src/lab/lab.ts";
import { openLab } from "../../../src/lab/open-lab.ts";
import { DepotUnderTest } from "../../depot/depot-under-test.ts";
import { tally } from "../../depot/tally.ts";
import type { CliRun } from "../../run-cli.ts";
import { build, extraVersion, withCode } from "../contract-payloads.ts";
import { call } from "../host-under-test.ts";
import { describeOnXen } from "../why-no-xen.ts";
import { readXenImage, type XenImage } from "../xen-image.ts";

const DISK_MB = 32;
const SETTLE_SECONDS = 1;
/** Xen runs longer than dom0 tells, and the next boot may be a slower one. */
const HYPERVISOR_BOOT_SECONDS = 45;

// Cold boots take two minutes for each release: `npm run test:depot` plays them.
const isWhole = process.env["XSPLICE_DEPOT_TALLY"] !== undefined;
const wanted = (process.env["XSPLICE_DEPOT_ON"] ?? "4.14,4.17,4.20").split(",");
const releases = isWhole ? wanted.filter((one) => /^4\./.test(one)) : [];
if (!isWhole) test("a host that follows a depot", { skip: "npm run test:depot plays it" });

const own = new DepotUnderTest();
after(() => own.remove());
const begun = own.run(
  "depot",
  "init",
  own.depot,
  "--channel",
  "edge",
  "--channel",
  "stable",
  "--keys",
  own.keys,
);

for (const release of releases) {
  await describeOnXen(release, `a host with Xen ${release} that follows a depot`, () => {
    const disk = join(own.folder, `${release}.img`);
    let lab: Lab;
    let payloads: readonly [string, string];
    let xen: XenImage;
    let firstId: string;
    let ownVersion: string;

    before(async () => {
      await begun;
      makeDisk(disk);
      await boot();
      const symbols = lab.info.symbols ?? assert.fail("no symbols");
      xen = readXenImage(symbols);
      const { extra } = (await hostInfo()).version;
      ownVersion = extra;
      const first = build(extraVersion(xen, `${extra}+1`));
      const second = build(extraVersion(xen, `${extra}+2`, { depends: first.buildId }));
      firstId = first.buildId;
      payloads = [write("first", first.bytes), write("second", second.bytes)];
      await own.run("depot", "base", own.depot, "--xen-syms", symbols, "--label", release);
    });
    after(async () => {
      await lab?.close();
    });

    async function boot(): Promise<void> {
      lab = await openLab({ xen: release, userland: "stock", disk });
    }

    async function hostInfo() {
      await using host = await labHost(lab);
      return await host.info(call);
    }

    function write(name: string, bytes: Uint8Array): string {
      const path = join(own.folder, `${name}-${release}.livepatch`);
      writeFileSync(path, bytes);
      return path;
    }

    async function xsplice(...args: readonly string[]): Promise<CliRun> {
      const run = await own.try(args, { openHost: () => labHost(lab) });
      assert.equal(run.exitCode, 0, `${args.join(" ")}\n${run.stdout}${run.stderr}`);
      return run;
    }

    async function applied(): Promise<readonly string[]> {
      await using host = await labHost(lab);
      const list = await host.list(call);
      return list.flatMap(({ name, status }) => (status.kind === "applied" ? name : []));
    }

    const names = [`first-${release}`, `second-${release}`];
    const add = (index: 0 | 1) =>
      xsplice(
        "depot",
        "add",
        own.depot,
        payloads[index],
        "--channel",
        "edge",
        "--fix",
        `XSA-${index + 1}`,
        ...allowed,
      );
    const promote = async (): Promise<void> => {
      await xsplice("depot", "promote", own.depot, "--from", "edge", "--to", "stable");
      await own.publish();
    };

    test("comes to its wish, and to what is promoted", async () => {
      await add(0);
      await promote();
      await own.trust(own.depot, "--replace");
      await xsplice("boot", "enable", "--settle", String(SETTLE_SECONDS));
      await xsplice("update");
      assert.deepEqual(await applied(), names.slice(0, 1));
      await add(1);
      await own.publish();
      await xsplice("update");
      assert.deepEqual(await applied(), names.slice(0, 1), "it is on edge only");
      await promote();
      await xsplice("update");
      assert.deepEqual(await applied(), names);
      assert.match((await xsplice("status")).stdout, /in force: {5}XSA-2\n/);
    });

    async function inDom0(script: string): Promise<string> {
      const { stdout, stderr, exitCode } = await lab.exec(["sh", "-c", script]);
      assert.equal(exitCode, 0, stderr.toString());
      return stdout.toString();
    }

    /** Of dom0, which starts with Xen. */
    async function upSeconds(): Promise<number> {
      return Number((await inDom0("cat /proc/uptime")).split(" ")[0]);
    }

    const settle = `sleep ${SETTLE_SECONDS}; sh /var/lib/xsplice/boot/xsplice-boot.sh settle; sync`;

    test("has all of it again after a reboot, by the script of a dom0 without Node", async () => {
      assert.equal(await inDom0("command -v node || echo none"), "none\n");
      await inDom0(settle);
      await lab.close();
      await boot();
      assert.deepEqual(await applied(), names);
      await xsplice("status");
      tally({ rebootsSurvived: 1 });
    });

    test("loses what is revoked", async () => {
      await xsplice("depot", "revoke", own.depot, names[1] ?? "", "--channel", "stable");
      await own.publish();
      await xsplice("update");
      assert.deepEqual(await applied(), names.slice(0, 1));
      await xsplice("status");
    });

    test("sets aside what crashes the hypervisor while it is applied at boot", async () => {
      // Well while a host is up for long, and deadly to one that boots: its hook asks how long Xen runs.
      const shortly = Math.ceil(await upSeconds()) + HYPERVISOR_BOOT_SECONDS;
      const crash = build(crashingBefore(shortly));
      await inDom0(`sleep ${HYPERVISOR_BOOT_SECONDS + 5}`);
      // Promotion gives `stable` all that edge has.
      await xsplice("depot", "revoke", own.depot, names[1] ?? "", "--channel", "edge");
      const path = write("crash", crash.bytes);
      const add = ["depot", "add", own.depot, path, "--channel", "edge", "--fix", "XSA-3"];
      await xsplice(...add, ...allowed, "--allow", "hook-without-endbr64");
      await promote();
      await xsplice("update");
      const all = [names[0], `crash-${release}`];
      assert.deepEqual(await applied(), all);
      await inDom0(settle);
      await lab.close();
      // Either is seen first: the words on the console, or that QEMU ended with the reset that follows.
      await assert.rejects(boot(), /QEMU ended|hypervisor crashed/);
      await boot();
      assert.equal(await inDom0("command -v node || echo none"), "none\n");
      assert.deepEqual(await applied(), names.slice(0, 1));
      const status = await own.try(["boot", "status"], { openHost: () => labHost(lab) });
      assert.equal(status.exitCode, 2);
      assert.match(
        status.stdout,
        /set aside: crash-\S+, since the host crashed while it was being/,
      );
      tally({ rebootsSurvived: 1 });
    });

    function crashingBefore(seconds: number) {
      const recipe = extraVersion(xen, `${ownVersion}+3`, { depends: firstId });
      const limit = `${seconds}000000000LL`;
      const code = `long long get_s_time(void);
void test_crash(void) { if (get_s_time() < ${limit}) asm volatile("ud2"); }`;
      return { ...withCode(recipe, code), hooks: { load: ["test_crash"] } };
    }
  });
}

/** The small payloads of these tests compare no old code. */
const allowed = ["--allow", "expectation-missing"];

function makeDisk(path: string): void {
  writeFileSync(path, Buffer.alloc(DISK_MB * 1024 * 1024));
  const made = spawnSync("/sbin/mke2fs", ["-q", "-F", "-t", "ext4", path]);
  assert.equal(made.status, 0, made.stderr?.toString());
}
