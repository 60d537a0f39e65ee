// Virtual machines in a lab, on each release of Xen that we can run: how they end, what they print, and
// that nothing of them stays.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { compileGuest, type GuestBits } from "../../src/guest/compile-guest.ts";
import { domainsOf } from "../../src/guest/domains.ts";
import { GuestError } from "../../src/guest/errors.ts";
import { Guest } from "../../src/guest/guest.ts";
import { type GuestRun, type RunGuestOptions, runGuest } from "../../src/guest/run-guest.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { openLab } from "../../src/lab/open-lab.ts";
import { shareFile } from "../../src/lab/share-file.ts";
import { guestOf } from "./guest-of.ts";
import { describeOnXen } from "./why-no-xen.ts";
import { readXenImage } from "./xen-image.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-guests-"));
after(() => rmSync(folder, { recursive: true }));

for (const xen of ["4.14", "4.17", "4.20"]) {
  await describeOnXen(xen, `guests on Xen ${xen}`, () => {
    let lab: Lab;
    before(async () => {
      lab = await openLab({ xen });
    });
    after(async () => {
      await lab.close();
    });

    const run = async (
      body: string,
      options: Partial<RunGuestOptions> & { readonly bits?: GuestBits } = {},
    ): Promise<GuestRun> => {
      const image = await guestOf(folder, body, options.bits);
      const result = await runGuest(lab, image, { timeoutMs: 30_000, ...options });
      const left = (await domainsOf(lab).list()).filter(({ isDying }) => !isDying);
      assert.deepEqual(left, [], "a guest is left behind");
      return result;
    };

    for (const bits of [16, 32, 64] as const) {
      test(`one of ${bits} bits prints, and ends with its exit code`, async () => {
        const { outcome, output } = await run('print("hello\\n"); return 7;', { bits });
        assert.equal(output, "hello\n");
        assert.deepEqual(outcome, { kind: "ended", exitCode: 7 });
      });
    }

    test("one that faults tells where, by the kit's own handler", async () => {
      const { outcome, output } = await run('__asm__ volatile ("ud2"); return 0;', { bits: 64 });
      assert.match(output, /^exception 6 at 0x[0-9a-f]+, error code 0x0\n$/);
      assert.deepEqual(outcome, { kind: "ended", exitCode: 78 });
    });

    test("one that destroys its own interrupt table ends as a reboot", async () => {
      const body =
        'static char none[16]; __asm__ volatile ("lidt %0; ud2" : : "m"(none)); return 0;';
      assert.deepEqual((await run(body)).outcome, { kind: "rebooted" });
    });

    test("one that tells Xen that it has crashed is told as that", async () => {
      const body = `static uint32_t reason = 3;
        hypercall(HYPERCALL_SCHED_OP, 2, (uintptr_t)&reason, 0);      // shutdown
        for (;;) relax();`;
      assert.deepEqual((await run(body)).outcome, { kind: "crashed" });
    });

    test("one that somebody else destroys while it runs is gone", async () => {
      const destroyAll = async (): Promise<void> => {
        for (const { domain } of await domainsOf(lab).list()) await domainsOf(lab).destroy(domain);
      };
      let destroyed: Promise<void> | undefined;
      const onText = (): void => {
        destroyed ??= destroyAll();
      };
      const { outcome } = await run('print("here\\n"); for (;;) relax();', { onText });
      await destroyed;
      assert.deepEqual(outcome, { kind: "gone" });
    });

    test("one that loops is destroyed when its time is over", async () => {
      const { outcome } = await run("for (;;) relax();", { timeoutMs: 500 });
      assert.deepEqual(outcome, { kind: "timeout" });
    });

    test("one is destroyed as soon as it has said what was waited for", async () => {
      const body = 'print("ready\\n"); for (;;) relax();';
      assert.deepEqual((await run(body, { until: "ready" })).outcome, { kind: "said" });
    });

    test("one that prints without end loses its text, and holds up nobody", async () => {
      const body = 'for (;;) print("all work and no play makes a dull guest\\n");';
      const { outcome, lostBytes } = await run(body, { timeoutMs: 1000 });
      assert.deepEqual(outcome, { kind: "timeout" });
      assert.ok(lostBytes > 0);
    });

    test("one has as much memory as it was given, and the lab as much as it has", async () => {
      const body = `volatile uint32_t *top = (uint32_t *)(8 * 1024 * 1024 - 4);
        *top = 0x12345678;
        return *top == 0x12345678 ? 0 : 1;`;
      assert.deepEqual((await run(body, { memoryMb: 8 })).outcome, { kind: "ended", exitCode: 0 });
      await assert.rejects(run("return 0;", { memoryMb: 2000 }), /ENOMEM|E2BIG/);
    });

    test("hypercalls, timers and the Viridian interface are there", async () => {
      const body = `apic_on();
        viridian_on();
        apic_write(APIC_TIMER_DIVIDE, 0xb);
        apic_write(APIC_LVT_TIMER, 0x40);
        apic_write(APIC_TIMER_COUNT, 1000);
        while (!interrupts[0x40]) halt();
        long version = hypercall(17, 0, 0, 0);      // xen_version
        print_number(version >> 16); print("."); print_number(version & 0xffff);
        return 0;`;
      for (const bits of [32, 64] as const) {
        const { output, outcome } = await run(body, { viridian: ["synic", "stimer"], bits });
        assert.equal(output, xen);
        assert.deepEqual(outcome, { kind: "ended", exitCode: 0 });
      }
      const without = await run("viridian_on(); return 0;");
      assert.equal(without.output, "lacks: the Viridian interface\n");
    });

    test("one with page tables by Xen runs where Xen was built with them, and is refused elsewhere", async () => {
      const attempt = run("return 0;", { paging: "shadow", bits: 64 });
      if (xen === "4.20") await assert.rejects(attempt, /EOPNOTSUPP[\s\S]+shadow paging/);
      else assert.deepEqual((await attempt).outcome, { kind: "ended", exitCode: 0 });
    });

    test("one without paging hides no byte of the hypervisor from who reads it from outside", async () => {
      const { symbols } = lab.info;
      assert.ok(symbols);
      const { address, bytes } = readXenImage(symbols).functionNamed("xen_extra_version");
      await using guest = await Guest.start(lab, await guestOf(folder, "for (;;) relax();", 32));
      for (let look = 0; look < 50; look++) {
        assert.deepEqual(await lab.readHypervisor(address, bytes.length), bytes, `look ${look}`);
      }
      await guest.destroy();
    });

    test("a counting one is found by its number, and is gone when it was destroyed", async () => {
      const image = await compileGuest(shareFile("guest/counter.c"), 32);
      await using guest = await Guest.start(lab, image);
      const found = await Guest.find(lab, guest.domain);
      const countOf = async (): Promise<bigint> => (await found.mailbox())?.count ?? 0n;
      const first = await countOf();
      while ((await countOf()) < first + 20n) await sleep(20);
      await found.destroy();
      assert.equal((await guest.end())?.kind, "gone");
      await assert.rejects(Guest.find(lab, guest.domain), GuestError);
    });
  });
}
