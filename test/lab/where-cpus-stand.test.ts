// CPUs in the places that standing/ finds, on a real hypervisor with two of them: what they do when a payload
// is applied, reverted and unloaded around them. Each new body counts, for each CPU, in memory that the
// hypervisor has for a crash kernel, of which there is none.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { labHost } from "../../src/hosts/lab.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { openLab } from "../../src/lab/open-lab.ts";
import { readXenSyms } from "../../src/running/xen-syms.ts";
import { findReleaseLine } from "../../src/xen-abi/release.ts";
import { LEAVING_MS } from "../../src/xen-abi/rendezvous.ts";
import { ProxyTransport } from "../../src/xen-call/proxy.ts";
import { runXsplice } from "../run-cli.ts";
import { whyNoXen } from "./why-no-xen.ts";

const common = `
  extern volatile unsigned int words[] __asm__("kexec_crash_area");
  extern unsigned long __per_cpu_offset[], cpu_online_map[];
  extern char per_cpu__tasklet_work_to_do[];
  extern volatile unsigned int irq_stat[][32];
  void do_tasklet(void), check_for_livepatch_work(void), do_softirq(void), play_dead(void);
  _Bool scrub_free_pages(void);
  extern void (*pm_idle)(void);
  static inline unsigned int this_cpu(void) {
    unsigned long top;
    __asm__("mov %%rsp, %0" : "=r"(top));
    return *(unsigned int *)((top | 0x7fff) - 0x3f);
  }
`;

/** words[CPU]: rounds in the new body. words[2 + CPU]: how often the CPU came back into it from the rendezvous. */
const idleLoop = `${common}
  void new_idle_loop(void) {
    unsigned int cpu = this_cpu();
    for (;;) {
      words[cpu]++;
      if (!(cpu_online_map[0] >> cpu & 1)) play_dead();
      if (*(volatile unsigned long *)(per_cpu__tasklet_work_to_do + __per_cpu_offset[cpu]) == 3) {
        do_tasklet();
        check_for_livepatch_work();
        words[2 + cpu]++;
      } else if (!irq_stat[cpu][0] && !scrub_free_pages() && !irq_stat[cpu][0]) pm_idle();
      do_softirq();
    }
  }
`;

/** words[0]: an offline CPU begins to sleep. words[1]: it woke up. */
const deadIdle = `${common}
  void default_dead_idle(void) {
    words[0]++;
    __asm__ volatile("hlt" ::: "memory");
    words[1]++;
  }
`;

/** A non-maskable interrupt for CPU 1, which wakes it wherever it sleeps. Xen sends none to offline CPUs. */
const poke = `
  extern volatile unsigned long cpu_online_map[];
  void send_IPI_mask_phys(const unsigned long *mask, int vector);
  static const unsigned long second[64] = {2};
  static void go(void) {
    cpu_online_map[0] |= 2;
    send_IPI_mask_phys(second, 0x400);
    cpu_online_map[0] &= ~2UL;
  }
  XSPLICE_HOOK_LOAD(go)
`;

const SYSCTL = 35;
const SYSCTL_SIZE = 136;
const CPU_HOTPLUG = 11;

// The others were tried by hand: XSPLICE_TRY_XEN=4.20.
for (const release of [process.env["XSPLICE_TRY_XEN"] ?? "4.17"]) {
  describe(`CPUs of Xen ${release} in functions that are replaced`, {
    skip: await whyNoXen(release),
  }, () => {
    const folder = mkdtempSync(join(tmpdir(), "xsplice-stand-"));
    let lab: Lab;
    let words: bigint;
    before(async () => {
      // Of AMD's processors, Xen forgets one that goes offline: it could not be woken.
      lab = await openLab({ xen: release, cpus: 2, processor: "intel" });
      const { byName } = readXenSyms(readFileSync(`${lab.info.symbols}`), "xen-syms");
      words = byName.get("kexec_crash_area")?.address ?? assert.fail("no place to count in");
    });
    beforeEach(() => lab.writeHypervisor(words, new Uint8Array(16)));
    after(async () => {
      rmSync(folder, { recursive: true, force: true });
      await lab?.close();
    });

    const run = (...args: readonly string[]) => runXsplice(args, { openHost: () => labHost(lab) });
    const succeed = async (...args: readonly string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await run(...args);
      assert.equal(exitCode, 0, `${args.join(" ")}: ${stdout}${stderr}`);
      return stderr;
    };
    const compile = async (name: string, c: string, ...more: readonly string[]) => {
      const source = join(folder, `${name}.c`);
      const file = join(folder, `${name}.livepatch`);
      writeFileSync(source, c);
      const symbols = `${lab.info.symbols}`;
      const told = await succeed("compile", source, "--xen-syms", symbols, "-o", file, ...more);
      return { file, told };
    };
    const counted = async (): Promise<readonly number[]> => {
      const bytes = Buffer.from(await lab.readHypervisor(words, 16));
      return [0, 4, 8, 12].map((at) => bytes.readUInt32LE(at));
    };
    const online = async (cpu: number, wanted: "online" | "offline"): Promise<number> => {
      const arena = Buffer.alloc(SYSCTL_SIZE);
      const [major = 0, minor = 0] = release.split(".").map(Number);
      arena.writeUInt32LE(CPU_HOTPLUG, 0);
      arena.writeUInt32LE(findReleaseLine({ major, minor })?.sysctlInterface ?? 0, 4);
      arena.writeUInt32LE(cpu, 8);
      arena.writeUInt32LE(wanted === "online" ? 0 : 1, 12);
      const args = [{ arenaOffset: 0 }];
      const call = { op: SYSCTL, args, arena, pointers: [], outputLength: SYSCTL_SIZE };
      return (await new ProxyTransport(lab.agent).hypercall(call)).result;
    };

    test("idle_loop: each CPU gets the new body, is in it at the revert, and has left it when unload frees it", async () => {
      const { file, told } = await compile(
        "idle",
        idleLoop,
        "--replace",
        "idle_loop=new_idle_loop",
      );
      assert.match(told, /CPUs may wait in "arch\/x86\/domain.c#idle_loop" while Xen patches/);
      await succeed("load", file, "--quiesce", "1000");
      await sleep(LEAVING_MS);
      const applied = await counted();
      assert.ok(
        applied.slice(0, 2).every((rounds) => rounds > 0),
        `rounds: ${applied}`,
      );
      const { stdout: planned } = await run("plan", "--to-nothing");
      assert.match(planned, /unload +idle, after 1000 ms, for CPUs to leave its code/);
      await succeed("revert", "idle", "--quiesce", "1000");
      const startedAt = performance.now();
      await succeed("unload", "idle");
      assert.ok(performance.now() - startedAt >= LEAVING_MS, "unload waits");
      const left = await counted();
      for (const cpu of [2, 3])
        assert.ok((left[cpu] ?? 0) > (applied[cpu] ?? 0), `${applied}, ${left}`);
      await sleep(LEAVING_MS);
      assert.deepEqual(await counted(), left);
      await succeed("info");
    });

    /** CPU 1 goes offline in the new body of default_dead_idle(), which is then reverted. */
    const parkOne = async (): Promise<void> => {
      const { file, told } = await compile("dead", deadIdle);
      assert.match(told, /a CPU may stay in "default_dead_idle" for as long as the host runs/);
      await succeed("load", file, "--quiesce", "1000");
      assert.equal(await online(1, "offline"), 0);
      assert.deepEqual((await counted()).slice(0, 2), [1, 0]);
      await succeed("revert", "dead", "--quiesce", "1000");
    };

    test("default_dead_idle: an offline CPU goes on in it after the revert, so unload asks for consent", async () => {
      await parkOne();
      const refused = await run("unload", "dead");
      assert.equal(refused.exitCode, 1);
      assert.match(refused.stderr, /a CPU may still be in "default_dead_idle"/);
      assert.equal((await run("plan", "--to-nothing")).exitCode, 2);
      const { file } = await compile("poke", poke);
      await succeed("load", file, "--quiesce", "1000");
      await sleep(LEAVING_MS);
      assert.deepEqual((await counted()).slice(0, 2), [1, 1], "it woke up in the payload");
      await succeed("revert", "poke", "--quiesce", "1000");
      await succeed("unload", "poke");
      assert.equal(await online(1, "online"), 0);
      await succeed("unload", "dead", "--allow-dangling");
      await succeed("info");
    });

    test("default_dead_idle: the host dies when a CPU wakes up in it that was unloaded nevertheless", async () => {
      await parkOne();
      await succeed("unload", "dead", "--allow-dangling");
      const { file } = await compile("poke", poke);
      await run("load", file, "--quiesce", "1000", "--timeout", "5");
      await Promise.race([lab.crashed, sleep(10 * LEAVING_MS)]);
      assert.match(lab.consoleText(), /FATAL PAGE FAULT/);
    });
  });
}
