// Registers across calls, on a real Xen: callers that were compiled with knowledge of a function go on
// rightly when it gets a body written by hand.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { CompiledPayload } from "../../src/compile/compile.ts";
import { ArenaBuilder } from "../../src/xen-call/arena.ts";
import { ProxyTransport } from "../../src/xen-call/proxy.ts";
import { type ProbedXen, pressKey } from "../corpus/probes.ts";
import { act, type Bench, compile, openBench } from "./compile-bench.ts";
import { call } from "./host-under-test.ts";
import { describeOnXen } from "./why-no-xen.ts";

await describeOnXen("4.17", "compilePayload() and callers that rely on registers", () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench("4.17");
  });
  after(() => bench?.close());

  // rcu_lock_remote_domain_by_id keeps a pointer in r9 across its call.
  for (const [how, statement] of [
    ["calls Xen's printk", ""],
    ["changes the register itself", 'asm volatile ( "mov $7, %%r9" ::: "r9" );'],
    ["changes all that calls may change", changeAll()],
  ] as const) {
    test(`compilePayload() keeps what a caller relies on when the new body ${how}`, async () => {
      const payload = await compile(bench, lookup(statement));
      const [without, said] = await besides(bench, payload, askRemoteLookup);
      assert.match(without, /result -3$/);
      assert.match(said, /lookup of d77\n(.*\n)*result -3$/);
    });
  }

  // gnttab_usage_print_all keeps three registers across its call, in a loop.
  test("compilePayload() keeps what callers of a static function rely on", async () => {
    const payload = await compile(bench, NR_GRANT_ENTRIES);
    const [without, said] = await besides(bench, payload, pressKey("g"));
    assert.match(without, /grant-table/);
    assert.equal(said, without);
  });
});

/** Xen's own lookup with a line on the console. */
function lookup(statement: string): string {
  return `
    extern void *get_domain_by_id(unsigned short dom);
    extern int per_cpu____preempt_count, per_cpu__rcu_lock_cnt;
    static void bump(int *counter)
    {
        unsigned long sp;
        asm volatile ( "mov %%rsp, %0" : "=r" (sp) );
        ++*(volatile int *)((char *)counter + *(unsigned long *)((sp | 0x7fff) - 0x2f));
    }
    void *rcu_lock_domain_by_id(unsigned short dom)
    {
        void *d = get_domain_by_id(dom);
        ${statement}
        printk("lookup of d%d\\n", dom);
        if ( d )
        {
            bump(&per_cpu____preempt_count);
            bump(&per_cpu__rcu_lock_cnt);
        }
        return d;
    }`;
}

function changeAll(): string {
  const names = ["rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11"];
  const code = names.map((name) => `mov $0x5a5a, %%${name};`).join(" ");
  return `asm volatile ( "${code}" ::: ${names.map((name) => `"${name}"`).join()}, "cc" );`;
}

/** As in common/grant_table.c; offsets into the structure are those of Debian's 4.17. */
const NR_GRANT_ENTRIES = `
  unsigned int nr_grant_entries(const char *gt)
  {
      unsigned int version = *(unsigned int *)(gt + 0x1c), frames = *(unsigned int *)(gt + 0x28);
      ${changeAll()}
      return version == 1 ? frames * 512 : frames * 256;
  }`;

/** What it finds without and with the payload. */
async function besides(
  bench: Bench,
  { bytes }: CompiledPayload,
  probe: (xen: ProbedXen) => Promise<string>,
): Promise<readonly [without: string, withIt: string]> {
  const xen = { client: bench.client, transport: new ProxyTransport(bench.lab.agent) };
  const without = await probe(xen);
  await bench.host.upload("kept", bytes, call);
  await act(bench, "kept", "apply");
  const withIt = await probe(xen);
  await act(bench, "kept", "revert", "unload");
  assert.equal(await probe(xen), without);
  return [without, withIt];
}

const DM_OP = 41;

/** Of a domain that does not exist: -ESRCH. */
async function askRemoteLookup({ client, transport }: ProbedXen): Promise<string> {
  const { end } = await client.readConsole();
  const arena = new ArenaBuilder(16).u64(8, 16n);
  arena.input(0, new Uint8Array(16));
  const args = [{ value: 77n }, { value: 1n }, { arenaOffset: 0 }];
  const { result } = await transport.hypercall(arena.build(DM_OP, args));
  await sleep(20);
  const { text } = await client.readConsole(end);
  return `${text}\nresult ${result}`;
}
