// The list of functions that cannot be patched safely, beside real hypervisors: what Xen calls between
// making its code writable and protecting it again is found in its code, and must stand in the list.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { UnsafeFunction } from "../../src/diff/policy.ts";
import { decodeBranches } from "../../src/isa/x86-decode.ts";
import { chooseHypervisor, findHypervisorFiles } from "../../src/lab/xen-choice.ts";
import { readXenSyms, type XenSyms } from "../../src/running/xen-syms.ts";
import { pathsOf, unsafeFunctions } from "../../src/xen-abi/unpatchable.ts";
import { whyNoXen } from "./why-no-xen.ts";

function openXen(release: string): XenSyms {
  const { symbols } = findHypervisorFiles(chooseHypervisor(release), undefined, {});
  assert.ok(symbols);
  return readXenSyms(readFileSync(symbols), symbols);
}

/** Functions with the sections that they lie in told apart by address. */
class CallGraph {
  readonly #xen: XenSyms;
  readonly #byAddress: ReadonlyMap<bigint, string>;

  constructor(xen: XenSyms) {
    this.#xen = xen;
    this.#byAddress = new Map([...xen.byName.values()].map(({ name, address }) => [address, name]));
  }

  /** Names of what the function calls or jumps to, by its entry. */
  calleesOf(name: string): readonly string[] {
    const found = this.#xen.byName.get(name);
    if (found === undefined || found.sizeBytes === 0) return [];
    const { address, sizeBytes } = found;
    return decodeBranches(this.#xen.bytesAt(address, sizeBytes), 0).flatMap(({ kind, target }) => {
      const callee = this.#byAddress.get(address + BigInt(target));
      return kind === "operand" || callee === undefined || callee === name ? [] : [callee];
    });
  }
}

function matchesAny(unsafe: readonly UnsafeFunction[], name: string): boolean {
  const [file, bare] = name.includes("#") ? name.split("#") : ["", name];
  return unsafe.some((path) => path.name.test(bare ?? "") && (path.file?.test(file ?? "") ?? true));
}

/** Called when Xen is lost anyway, or nothing but a jump. */
const notFollowed = /^(panic|__x86_(indirect|return)_thunk.*)$/;
/**
 * Where another path begins: the context switch, listed for a reason of its own; and, before 4.16.4,
 * what allocates pages only when it has to split a large one, which those of Xen's code never are.
 */
const notFollowedBeyond = /^(sync_local_execstate|modify_xen_mappings|flush_area_mask)$/;

const releases = ["4.14", "4.17", "4.20"];

for (const release of releases) {
  test(`unsafeFunctions() has all that Xen ${release} calls while its code is writable`, {
    skip: await whyNoXen(release),
  }, () => {
    const xen = openXen(release);
    assert.ok(xen.release);
    const unsafe = unsafeFunctions("x86_64", xen.release);
    const isListed = (name: string) => matchesAny(unsafe, name);
    const graph = new CallGraph(xen);
    const waiting = ["quiesce", "revive", "apply", "revert"].map(
      (part) => `arch_livepatch_${part}`,
    );
    const reached = new Set<string>();
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (reached.has(name) || notFollowed.test(name)) continue;
      reached.add(name);
      if (!notFollowedBeyond.test(name)) waiting.push(...graph.calleesOf(name));
    }
    assert.ok(reached.size > 4);
    assert.deepEqual(
      [...reached].filter((name) => !notFollowed.test(name) && !isListed(name)),
      [],
    );
  });
}

/** What belongs to machine checks alone; printk(), locks and the like serve everybody. */
const ofMachineChecks = /(^|#)(mc[a-z]*_|mcabank|x86_mc|intel_|amd_)/;

for (const release of releases) {
  test(`unsafeFunctions() has what a machine check of Xen ${release} runs`, {
    skip: await whyNoXen(release),
  }, () => {
    const xen = openXen(release);
    assert.ok(xen.release);
    const unsafe = unsafeFunctions("x86_64", xen.release);
    const graph = new CallGraph(xen);
    const waiting = ["do_machine_check", "mcheck_cmn_handler"];
    const reached = new Set<string>();
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      // mc_panic() ends it all.
      if (reached.has(name) || !isOwn(name) || name.endsWith("mc_panic")) continue;
      reached.add(name);
      waiting.push(...graph.calleesOf(name));
    }
    assert.ok(reached.has("mctelem_reserve"));
    assert.deepEqual(
      [...reached].filter((name) => !matchesAny(unsafe, name)),
      [],
    );
  });
}

function isOwn(name: string): boolean {
  return name === "do_machine_check" || ofMachineChecks.test(name);
}

/** Of Debian's builds; another compiler, or a debug build, leaves them as functions. */
const inlined = [
  "context_saved",
  "default_machine_check",
  "io_check_error",
  "mca_init_bank",
  "mca_init_global",
  "mce_barrier_inc",
  "pci_serr_error",
  "spin_debug_disable",
  "spin_debug_enable",
  "unknown_nmi_error",
  "x86_mcinfo_clear",
];

test("pathsOf() names functions that some Xen has, but for those that all compilers inlined", async () => {
  const known = new Set<string>();
  for (const release of releases) {
    if ((await whyNoXen(release)) !== false) continue;
    for (const { bareName } of openXen(release).byName.values()) {
      known.add(bareName.replace(/\.(constprop|isra|part).*$/, ""));
    }
  }
  const names = pathsOf("x86_64").flatMap((path) => path.names);
  const absent = names.filter((name) => !known.has(name));
  assert.deepEqual(
    absent.filter((name) => !inlined.includes(name)),
    [],
  );
});
