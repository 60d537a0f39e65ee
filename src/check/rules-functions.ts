// Problems of a patched function: its size, its address, the time when it runs. Xen accepts any address
// (ABI reference §2.10).

import { SectionFlag } from "../elf/constants.ts";
import { hasFeature, needsWritableFuncs } from "../xen-abi/features.ts";
import { livepatchFuncState } from "../xen-abi/livepatch-func.ts";
import { FUNCS_SECTION } from "../xen-abi/sections.ts";
import { isKeptFromOldCode } from "./kept-init/kept-init.ts";
import { relyingCallers } from "./registers/relying-callers.ts";
import type { Finding, Rule } from "./rule.ts";
import type { CheckedStep } from "./step.ts";
import { isInImage, landingSize, type SubjectEntry, whereInSection } from "./subject.ts";
import { trapRule } from "./trap-rule.ts";

export const functionRules = {
  "function-too-small": {
    title: "the old function is smaller than what Xen writes over it",
    severity: "hazard",
    what: "The jump, or the NOPs, end past the end of the function in the hypervisor.",
    why: "Xen believes the size in the payload. The bytes after the function are overwritten too: the next function, if there is no padding.",
    remedy: "Patch the callers of the function instead, and give sizes from xen-syms.",
    check: (step) => entriesThat(step, tooSmall),
  },
  "init-memory": trapRule("init-memory", {
    what: "The payload patches a function or variable of the hypervisor that is only there while it boots, or refers to one that the replaced function did not refer to already.",
    why: "Such names still resolve after the memory was freed. Xen reads the function's start at upload, or writes to it at apply, where nothing is mapped any more.",
    remedy: "Leave the function out: it has run, and never runs again.",
    pattern: initMemory,
  }),
  "unmapped-memory": trapRule("unmapped-memory", {
    what: "Xen reads or writes at an address where nothing is mapped: an entry's old address, a name, code in a payload that was unloaded, or a section without contents that claims a place outside of the file.",
    why: "Xen believes every address in a payload.",
    remedy:
      "Give names or relocations instead of numbers, and unload payloads before those that they depend on.",
  }),
  "write-protected": trapRule("write-protected", {
    what: "The payload patches code in itself, such as its applied-marker, or read-only data.",
    why: "4.16.4 to 4.16.7, 4.17.1 to 4.17.3, 4.18.0 and 4.18.1 make writable only what is registered, and a payload is registered after its functions were patched; read-only data stay protected.",
    remedy: "Build for this release without a marker.",
    concerns: (release, architecture) =>
      architecture === "x86_64" &&
      hasFeature(release, "relaxes-page-permissions") &&
      !(
        hasFeature(release, "registered-at-upload") &&
        hasFeature(release, "rodata-writable-in-hooks")
      ),
  }),
  "outside-image": trapRule("outside-image", {
    what: "On Arm, the payload patches code that is not the hypervisor's own.",
    why: "Xen on Arm writes through a second mapping of its own image, and computes the place from the distance to the image's start.",
    remedy: "Replace the hypervisor's function instead of another payload's.",
    concerns: (_release, architecture) => architecture === "aarch64",
  }),
  "read-only-functions": trapRule("read-only-functions", {
    what: 'The section ".livepatch.funcs" is not writable.',
    why: "Releases that keep their state in the table write to it without making the payload's data writable first.",
    remedy: "Make the section writable for such a release; every release accepts that.",
    concerns: needsWritableFuncs,
    pattern: readOnlyFunctions,
  }),
  "nop-over-endbr": trapRule("nop-over-endbr", {
    what: "An entry of NOPs, or a check of old code, begins at an ENDBR64 and has fewer than 4 bytes.",
    why: "Xen leaves the mark alone and subtracts its 4 bytes from the length, which wraps around to 4 GiB.",
    remedy: "Start after the ENDBR64.",
    concerns: (release, architecture) =>
      architecture === "x86_64" && hasFeature(release, "endbr-aware"),
    pattern: (step) => entriesThat(step, shortAtLanding),
  }),
  "caller-relies": {
    title: "a caller relies on a register that the new body changes",
    severity: "hazard",
    what: "A function of the hypervisor, or of a payload below, keeps a value in a register across its call of the replaced function. The old code left this register alone, though calls may change it; the new body does not.",
    why: "gcc builds callers with knowledge of the functions of the same file (-fipa-ra, part of -O2). After its call the caller goes on with whatever the new body left there: a wrong pointer, a wrong result.",
    remedy:
      "Have the new body save the register, as xsplice build and compile do, or declare it with __attribute__((no_caller_saved_registers)); or replace the caller as well.",
    concerns: (_release, architecture) => architecture === "x86_64",
    check: relyingCallers,
  },
  "outside-code": {
    title: "the place that is patched is not code of the hypervisor",
    severity: "hazard",
    what: "An entry's old address is that of a variable, or of other data of the hypervisor.",
    why: "Xen takes any address, and writes its jump over the variable.",
    remedy: "Name the function that is to be replaced; change data by a hook.",
    check: outsideCode,
  },
  "entry-patched-twice": {
    title: "two entries of the payload write to the same place",
    severity: "hazard",
    what: "Two entries of one payload overwrite the same bytes.",
    why: "Xen restores in the order in which it patched: what it saved for the second entry is the first one's jump, and that is what stays after a revert, leading into freed memory once the payload is unloaded.",
    remedy: "Keep one entry for a place.",
    check: patchedTwice,
  },
  "numeric-address": {
    title: "an old address is a number",
    severity: "hazard",
    what: "An entry has its old address as a number, and not by name or relocation.",
    why: "xen.efi and xen-syms can have the same build-id and other addresses: on a host that booted the other one, Xen patches the wrong code.",
    remedy: "Leave old_addr 0, or relocate it against the function's name.",
    check: (step) =>
      entriesThat(step, ({ entry, label }) =>
        entry.oldAddress.kind === "address"
          ? `the address of "${label}" is right for one of the hypervisor's images only`
          : undefined,
      ),
  },
  "state-in-file": {
    title: "an entry contains state that belongs to Xen",
    severity: "hazard",
    what: "The bytes of an entry that are reserved for the hypervisor are not zero.",
    why: "Releases that keep their state there consider the function applied already, and skip it silently.",
    remedy: "Fill bytes 33 to 71 of an entry with zeros.",
    concerns: (release) => livepatchFuncState(release)?.applied !== undefined,
    check: ({ subject }) =>
      subject.entries.flatMap(({ label, where }, index) => {
        const reserved = subject.loaded?.functions[index]?.entry.reserved;
        if (!reserved?.some((byte) => byte !== 0)) return [];
        return [{ problem: `Xen may skip "${label}" as applied already`, where }];
      }),
  },
} as const satisfies Record<string, Rule>;

type Describe = (entry: SubjectEntry, step: CheckedStep) => string | undefined;

function entriesThat(step: CheckedStep, describe: Describe): readonly Finding[] {
  return step.subject.entries.flatMap((entry) => {
    const problem = describe(entry, step);
    return problem === undefined ? [] : [{ problem, where: entry.where }];
  });
}

const tooSmall: Describe = ({ written, oldFunction, label }) => {
  if (written === undefined || oldFunction === undefined || oldFunction.sizeBytes === 0) return;
  const end = oldFunction.address + BigInt(oldFunction.sizeBytes);
  if (written.end <= end) return;
  return `"${label}" has ${oldFunction.sizeBytes} bytes in the hypervisor, and Xen writes ${written.end - end} past its end`;
};

const shortAtLanding: Describe = ({ entry, oldAddress, label }, { hypervisor }) => {
  if (entry.kind === "replace" || oldAddress === undefined) return;
  const blanked = entry.kind === "nop" ? entry.newSize : 0;
  if (blanked >= landingSize(oldAddress, hypervisor)) return;
  return `"${label}" starts with ENDBR64, and ${blanked} bytes are to become NOPs`;
};

function outsideCode(step: CheckedStep): readonly Finding[] {
  const { memory } = step.hypervisor;
  return entriesThat(step, ({ written, oldAddress, label }) => {
    const kind = oldAddress && written && memory.findRegion(oldAddress)?.kind;
    const isData = kind === "data" || kind === "read-only";
    return isData ? `"${label}" is no function, and a jump is written over it` : undefined;
  });
}

function initMemory(step: CheckedStep): readonly Finding[] {
  const { subject, hypervisor } = step;
  const isGone = (address: bigint) => hypervisor.memory.findRegion(address)?.kind === "init";
  const patched = entriesThat(step, ({ oldAddress, label }) =>
    oldAddress !== undefined && isGone(oldAddress)
      ? `"${label}" is freed once the hypervisor has booted`
      : undefined,
  );
  const old = new Set(
    subject.entries.flatMap(({ entry }) =>
      entry.oldAddress.kind === "symbol" ? [entry.oldAddress.symbol] : [],
    ),
  );
  const referred = (subject.contents?.needs ?? []).filter((name) => {
    const address = old.has(name) ? undefined : hypervisor.lookup(name);
    if (address === undefined || !isInImage(address, hypervisor) || !isGone(address)) return false;
    return !isKeptFromOldCode(name, address, step);
  });
  return [
    ...patched,
    ...referred.map((name) => ({
      problem: `its code refers to "${name}", which is freed once the hypervisor has booted`,
      where: `${subject.source}, symbol "${name}"`,
    })),
  ];
}

function readOnlyFunctions({ subject }: CheckedStep): readonly Finding[] {
  const table = subject.object?.sections.find(({ name }) => name === FUNCS_SECTION);
  if (table === undefined || table.size === 0 || (table.flags & SectionFlag.SHF_WRITE) !== 0n)
    return [];
  const problem = "Xen writes to its table of functions, which is read-only";
  return [{ problem, where: whereInSection(subject, table) }];
}

function patchedTwice({ subject }: CheckedStep): readonly Finding[] {
  const sorted = subject.entries
    .filter(({ written }) => written !== undefined)
    .toSorted((left, right) =>
      (left.written?.start ?? 0n) < (right.written?.start ?? 0n) ? -1 : 1,
    );
  return sorted.flatMap(({ written, label, where }, index) => {
    const previous = sorted[index - 1];
    if (written === undefined || (previous?.written?.end ?? 0n) <= written.start) return [];
    return [{ problem: `"${label}" is overwritten by two entries`, where }];
  });
}
