// Problems of where CPUs are while Xen patches, and afterwards. Xen does not look.

import { readStackingFacts, type StackingFacts } from "../../payload/stacking.ts";
import { stayOf } from "../../standing/where-cpus-stand.ts";
import { LEAVING_MS, RENDEZVOUS_FUNCTION, type Stay } from "../../xen-abi/rendezvous.ts";
import { findUnsafe, unsafeFunctions } from "../../xen-abi/unpatchable.ts";
import { oldNameOf } from "../registers/checked-code.ts";
import type { Finding, Rule } from "../rule.ts";
import type { CheckedStep } from "../step.ts";
import type { SubjectEntry } from "../subject.ts";

export const standingRules = {
  "unpatchable-path": {
    title: "Xen or an interrupt may run the function while Xen patches",
    severity: "hazard",
    what: "The function is on a path that no payload can replace safely: entry code, NMI and machine check handlers, live patching itself and what it calls; on Arm also the idle loop and what leads to a context switch.",
    why: "It is run, by the CPU that patches or by an exception that cannot be held off, when some functions are replaced and others are not, or while the jump is being written. Xen has no list of such functions. A note where the author allowed it: build --allow-unsafe.",
    remedy: "Change a caller or a callee of it instead, or reboot into a fixed hypervisor.",
    check: unpatchable,
  },
  "cpu-in-code": {
    title: "CPUs may still be in the new body when the payload is reverted",
    severity: "hazard",
    what: "CPUs stand in the function while Xen patches: they wait in it, or sleep in it when they are offline. Found in the code of the hypervisor, on x86-64.",
    why: "Such a CPU goes on in the body that it came from: after an apply in the old one, which is harmless, after a revert in the payload. If the payload is unloaded before the CPU has left it, the CPU goes on in freed memory, and the host dies. A note where the payload's metadata says that CPUs leave it soon: xsplice waits for that before it unloads.",
    remedy:
      "Never unload the payload; or wait for a second after the revert, if CPUs only wait in it; or be sure that no CPU went offline while it was applied, if they sleep in it.",
    concerns: (_release, architecture) => architecture === "x86_64",
    check: cpuInCode,
  },
} as const satisfies Record<string, Rule>;

function unpatchable(step: CheckedStep): readonly Finding[] {
  const { architecture, release } = step.hypervisor;
  const paths = unsafeFunctions(architecture, release);
  const { unsafe } = factsOf(step);
  return step.subject.entries.flatMap((entry): Finding[] => {
    const { written, oldFunction, label, where } = entry;
    const path = written && oldFunction && findUnsafe(paths, oldFunction.name);
    if (path === undefined) return [];
    const problem = `"${label}" cannot be patched safely: ${path.reason}`;
    if (!isNamed(entry, unsafe)) return [{ problem, where }];
    return [{ problem: `${problem}; its author allowed it`, where, severity: "note" }];
  });
}

function cpuInCode(step: CheckedStep): readonly Finding[] {
  const { subject, below, hypervisor } = step;
  if (hypervisor.architecture !== "x86_64") return [];
  const { lingers } = factsOf(step);
  const replacing = subject.entries.flatMap((entry): Finding[] => {
    const name = oldNameOf(entry);
    const stay = name === undefined ? undefined : below.code.standing.get(name);
    if (name === undefined || stay === undefined) return [];
    const isTold = stay === "leaves" && isNamed(entry, lingers);
    return [
      { problem: `"${entry.label}" ${wordsOf[stay]}`, where: entry.where, ...noteIf(isTold) },
    ];
  });
  const calls = (subject.contents?.needs ?? []).includes(RENDEZVOUS_FUNCTION);
  if (!calls || replacing.length > 0) return replacing;
  const stay = stayOf(hypervisor);
  const problem = `its code calls "${RENDEZVOUS_FUNCTION}", and ${wordsOf[stay]}`;
  return [{ problem, where: subject.source, ...noteIf(stay === "leaves" && lingers.length > 0) }];
}

const wordsOf: Readonly<Record<Stay, string>> = {
  leaves: `has CPUs in it while Xen patches, which leave it within ${LEAVING_MS} ms after a revert`,
  stays: "may have CPUs in it for as long as the host runs, after a revert as well",
};

/** A function may have several names. */
function isNamed({ entry, oldFunction, label }: SubjectEntry, names: readonly string[]): boolean {
  const { oldAddress } = entry;
  const symbol = oldAddress.kind === "symbol" ? oldAddress.symbol : label;
  return [symbol, oldFunction?.name ?? symbol].some((name) => names.includes(name));
}

function noteIf(isTold: boolean): Pick<Finding, "severity"> {
  return isTold ? { severity: "note" } : {};
}

function factsOf({ subject }: CheckedStep): StackingFacts {
  return readStackingFacts(subject.contents?.metadata ?? []);
}
