// The messages that Xen prints when it refuses a payload, and their meaning for the user. The messages
// are those of 4.14 to 4.20; they are not part of the ABI.

import { failedExpectationOf, waitQueueOf } from "./console-lines.ts";
import type { Reason } from "./refused-step.ts";

type Rule = readonly [pattern: RegExp, reason: (...groups: readonly string[]) => Reason];

const REBUILD_HERE = "build the payload against the xen-syms file of the running hypervisor";

const RULES: readonly Rule[] = [
  [
    /^Unknown symbol: (.*)$/,
    (symbol) => ({
      text: `neither the hypervisor nor a loaded payload has a symbol "${symbol}"`,
      remedy: `upload the payload that provides it first, or ${REBUILD_HERE}`,
    }),
  ],
  [
    /^Could not resolve old address of (.*)$/,
    (symbol) => ({
      text: `the function to be patched, "${symbol}", does not exist in the hypervisor`,
      remedy: REBUILD_HERE,
    }),
  ],
  [
    /^duplicate new symbol: (.*)$/,
    (symbol) => ({
      text: `its symbol "${symbol}" exists already, in the hypervisor or in a loaded payload`,
      expected: "a name of its own for each symbol that is not the replacement of a function",
      remedy: "rename the symbol, or unload the payload that has it",
    }),
  ],
  [
    /^check against hypervisor build-id failed$/,
    () => ({
      text: "it depends on another hypervisor build, or on another payload, than what runs here",
      expected: "the build-id of the running hypervisor, as `info` shows it",
      remedy: REBUILD_HERE,
    }),
  ],
  [
    /^check against (.*) build-id failed$/,
    (top) => ({
      text: `it depends on something other than "${top}", the payload applied last`,
      expected: `the build-id of "${top}" as the payload's dependency`,
      remedy: `revert "${top}" first, or build the payload on top of it`,
    }),
  ],
  [
    /^can't revert as payload has \.data\. Please unload$/,
    () => ({
      text: "it was reverted before and has writable data, so Xen applies it only once",
      remedy: "unload it, upload it again, and apply that",
    }),
  ],
  [
    /^can't unload\. Top is (.*)$/,
    (top) => ({
      text: `"${top}" was applied after it and must be reverted first`,
      remedy: `revert "${top}", then try again`,
    }),
  ],
  [
    /REPLACE action is not supported on livepatches with vetoing hooks!$/,
    () => ({
      text: "it, or a payload that is applied, has pre- or post-hooks, which replace cannot call",
      remedy: "revert the applied payloads one by one, then apply this one",
    }),
  ],
  [
    /^pre-(apply|revert) hook failed \(rc=(-?\d+)\), aborting!$/,
    (hook, code) => ({
      text: `the payload's own pre-${hook} hook refused with ${code}`,
      remedy: "see what the hook checks; its output is on the hypervisor's console",
    }),
  ],
  [
    /^Wrong version \((\d+)\)\. Expected (\d+)$/,
    (found, wanted) => ({
      text: `its function table has version ${found}`,
      expected: `version ${wanted}, the only one that this release of Xen takes`,
      remedy: "rebuild the payload for this release",
    }),
  ],
  [
    /^Unhandled relocation (\d+)$/,
    (type) => ({
      text: `it has a relocation of type ${type}, which Xen's loader does not know`,
      expected: "on x86-64 only R_X86_64_64, R_X86_64_PC32 and R_X86_64_PLT32",
      remedy: "compile position-independent with hidden visibility, as `xsplice compile` does",
    }),
  ],
  [
    /^Overflow in relocation (\d+) in (.*) for (.*)$/,
    (index, section, target) => ({
      text: `relocation ${index} of section "${section}", for "${target}", does not reach its target`,
      remedy: "use a wider relocation, or unload payloads to make room close to the hypervisor",
    }),
  ],
  [
    /^(?:Not an ELF payload|Invalid ELF payload|Unsupported ELF Machine type)$/,
    () => ({
      text: "the file is not a live-patch payload for this machine",
      expected: "a relocatable ELF64 file of the hypervisor's architecture",
      remedy: "upload a .livepatch file; `xsplice inspect` shows what a file holds",
    }),
  ],
  [
    /^(\S+) is (missing|empty)$/,
    (section, what) => ({
      text: `its section "${section}" is ${what}`,
      remedy: "rebuild the payload; `xsplice inspect` shows its sections",
    }),
  ],
  [
    /^Nothing to patch\. Aborting\.\.\.$/,
    () => ({ text: "it has neither functions nor hooks", remedy: "rebuild the payload" }),
  ],
  [
    /^Could not allocate memory for .*$/,
    () => ({
      text: "the hypervisor has no memory left for it",
      remedy: "unload payloads that are not in use",
    }),
  ],
];

/** The oldest known message is the cause; the following ones are consequences. */
export function reasonByMessages(console: string, messages: readonly string[]): Reason | undefined {
  const domain = waitQueueOf(console);
  if (domain !== undefined) return waitingDomain(domain);
  for (const message of messages) {
    for (const [pattern, reason] of RULES) {
      const match = pattern.exec(message);
      if (match !== null) return reason(...match.slice(1));
    }
    if (/^expectations of .* failed/.test(message)) return unexpectedCode(console);
  }
  return undefined;
}

function waitingDomain(domain: string): Reason {
  return {
    text: `domain ${domain} has an active wait queue, so a stack in use may still return into old code`,
    remedy: "pause the program that watches this domain through vm_event, then try again",
  };
}

/** The name of it in our payloads, so that Xen's console shows both. */
const COVER_LABEL = /^payload ([0-9a-f]+), uncovered (.+)$/;

function unexpectedCode(console: string): Reason {
  const failed = failedExpectationOf(console);
  const covered = COVER_LABEL.exec(failed?.place ?? "");
  if (covered !== null) {
    const [, buildId = "", functionName = ""] = covered;
    return {
      text: `another payload is already stacked on ${functionName} of payload ${buildId}`,
      expected: `${functionName} as payload ${buildId} left it`,
      remedy: "revert the other one first, or build this one on top of both",
    };
  }
  return {
    text: `the hypervisor's code at "${failed?.place ?? "?"}" is not what the payload expects`,
    expected: `${failed?.expected ?? "?"} (expected)\n${failed?.actual ?? "?"} (found)`,
    remedy:
      "if another payload changed that function, revert that one first; " +
      "otherwise rebuild this one against the running hypervisor",
  };
}
