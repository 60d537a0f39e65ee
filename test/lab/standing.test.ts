// Where CPUs stand, found in the code of real hypervisors; and what of it is data, held against that code.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { findReferences } from "../../src/isa/x86-references.ts";
import { chooseHypervisor, findHypervisorFiles } from "../../src/lab/xen-choice.ts";
import { codeImageOf } from "../../src/running/running-code.ts";
import { readXenSyms, type XenSyms } from "../../src/running/xen-syms.ts";
import { whereCpusStand } from "../../src/standing/where-cpus-stand.ts";
import { parkedFunctions } from "../../src/xen-abi/rendezvous.ts";
import { findUnsafe, unsafeFunctions } from "../../src/xen-abi/unpatchable.ts";
import { whyNoXen } from "./why-no-xen.ts";

function openXen(release: string): XenSyms {
  const { symbols } = findHypervisorFiles(chooseHypervisor(release), undefined, {});
  assert.ok(symbols);
  return readXenSyms(readFileSync(symbols), symbols);
}

const waiting = [
  ...["arch/x86/domain.c#idle_loop", "arch/x86/hvm/svm/svm.c#svm_do_resume"],
  ...["check_for_livepatch_work", "context_switch", "continue_running"],
  ...["startup_cpu_idle_loop", "vmx_do_resume"],
];
const parked = ["acpi_dead_idle", "default_dead_idle", "play_dead"];

for (const release of ["4.14", "4.17", "4.20"]) {
  const skip = await whyNoXen(release);

  test(`whereCpusStand() finds who waits and who sleeps in Xen ${release}, and nobody else`, {
    skip,
  }, () => {
    const standing = [...whereCpusStand(codeImageOf(openXen(release)))];
    const named = (wanted: string) =>
      standing.flatMap(([name, stay]) => (stay === wanted ? name : [])).sort();
    // Inlined by later compilers.
    const more = release === "4.14" ? ["arch/x86/pv/domain.c#continue_nonidle_domain"] : [];
    assert.deepEqual(named("leaves"), [...waiting, ...more].sort());
    assert.deepEqual(named("stays"), parked);
  });

  test(`parkedFunctions has all that the pointer of sleeping CPUs is set to in Xen ${release}`, {
    skip,
  }, () => {
    const xen = openXen(release);
    const pointer = xen.byName.get("dead_idle")?.address ?? assert.fail("no dead_idle");
    const all = [...xen.byName.values()].filter(({ kind }) => kind === "function");
    const byAddress = new Map(all.map((one) => [one.address, one.bareName]));
    const first = Buffer.from(xen.bytesAt(pointer, 8)).readBigUInt64LE();
    const found = new Set([byAddress.get(first)]);
    for (const { address, sizeBytes, bareName } of all) {
      if (sizeBytes === 0 || bareName === "play_dead") continue;
      let taken: string | undefined;
      for (const { reference, takesAddress } of findReferences(xen.bytesAt(address, sizeBytes)) ??
        []) {
        const target = address + BigInt.asIntN(64, reference.target);
        if (takesAddress) taken = byAddress.get(target) ?? taken;
        else if (target === pointer) found.add(taken);
      }
    }
    assert.deepEqual([...found].sort(), [...parkedFunctions].sort());
  });

  test(`unsafeFunctions() has those who wake others that printk() of Xen ${release} reaches`, {
    skip,
  }, () => {
    const xen = openXen(release);
    const listed = unsafeFunctions("x86_64", xen.release);
    const byAddress = new Map(xen.functions.map((one) => [one.address, one]));
    const work = xen.functions.filter(({ name }) => name === "printk");
    const reached = new Set(work);
    for (let next = work.pop(); next !== undefined; next = work.pop()) {
      const { address, sizeBytes, name } = next;
      if (sizeBytes === 0 || name === "panic") continue;
      for (const { reference } of findReferences(xen.bytesAt(address, sizeBytes)) ?? []) {
        const callee = byAddress.get(address + BigInt.asIntN(64, reference.target));
        if (reference.kind === "operand" || callee === undefined || reached.has(callee)) continue;
        reached.add(callee);
        work.push(callee);
      }
    }
    const names = [...reached].map(({ name }) => name);
    const wakers = names.filter((name) => /tasklet|softirq|send_(IPI|event)/.test(name));
    assert.ok(
      wakers.some((name) => name.includes("tasklet_schedule")),
      `${names}`,
    );
    assert.deepEqual(
      wakers.filter((name) => findUnsafe(listed, name) === undefined),
      [],
    );
  });
}
