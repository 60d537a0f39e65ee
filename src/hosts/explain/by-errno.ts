// The meanings of an error number at a step, for when the console does not show which one applies (ABI
// §2.14, §3, §4.1).

import { Errno } from "../../xen-abi/errno.ts";
import type { Reason, Refusal } from "./refused-step.ts";

type Table = Readonly<Record<number, Reason>>;

const SEE_CONSOLE = "see the hypervisor's console (`xl dmesg`): Xen reports there what is missing";

const AT_ANY_STEP: Table = {
  [Errno.EPERM]: {
    text: "the hypervisor does not allow this domain to patch it",
    remedy: "run this in dom0, as root",
  },
  [Errno.EACCES]: {
    text: "the hypervisor's security policy forbids it",
    remedy: "allow livepatch_op of class xen2 in the FLASK policy",
  },
  [Errno.ENOSYS]: {
    text: "this hypervisor was built without live patching",
    expected: "a Xen with CONFIG_LIVEPATCH=y",
    remedy: "boot a hypervisor that has it",
  },
  [Errno.ENOMEM]: {
    text: "the hypervisor has no memory left for it",
    remedy: "unload payloads that are not in use",
  },
  [Errno.ENODATA]: {
    text: "a build-id is missing, the hypervisor's or one of the payload's",
    remedy: "link the hypervisor and the payload with --build-id",
  },
};

const AT_UPLOAD: Table = {
  [Errno.EINVAL]: {
    text: "the file is malformed, or made for another hypervisor build",
    remedy: SEE_CONSOLE,
  },
  [Errno.ENOENT]: {
    text: "it refers to a symbol that neither the hypervisor nor a loaded payload has",
    remedy: SEE_CONSOLE,
  },
  [Errno.EEXIST]: {
    text: "a payload with the same build-id is loaded already, or one of its symbols exists",
    remedy: "unload the other payload first; `list` shows what is loaded",
  },
  [Errno.EOPNOTSUPP]: {
    text: "its ELF kind, payload version or a relocation is not accepted by this release",
    remedy: "rebuild the payload for this release and architecture",
  },
  [Errno.EOVERFLOW]: {
    text: "a relocation or a jump into it does not reach its target",
    remedy: "unload payloads to make room close to the hypervisor",
  },
};

const NAME_TAKEN: Reason = {
  text: "a payload of this name is loaded already",
  remedy: "unload that one first, or choose another name",
};

const AT_ACTION: Table = {
  0: {
    text: "Xen accepted it and did nothing; somebody else changed the payload meanwhile",
    remedy: "look at the list of payloads, then try again",
  },
  [Errno.ENOENT]: {
    text: "no payload of this name is loaded",
    remedy: "upload it first; `list` shows what is loaded",
  },
  [Errno.ERANGE]: {
    text: "an expectation is longer than its function",
    remedy: "rebuild the payload",
  },
};

const AT_APPLY: Table = {
  [Errno.EINVAL]: {
    text:
      "it depends on something other than the topmost payload, expects other code, " +
      "or was reverted before and is one that Xen applies only once",
    remedy: `${SEE_CONSOLE}, or unload it, upload it again and apply that`,
  },
  [Errno.EBUSY]: {
    text: "the hypervisor was busy",
    remedy: "try again",
  },
};

const AT_REPLACE: Table = {
  [Errno.EINVAL]: {
    text: "it does not depend on the hypervisor alone, expects other code, or a revert failed",
    remedy: SEE_CONSOLE,
  },
  [Errno.EOPNOTSUPP]: {
    text: "it, or a payload that is applied, has pre- or post-hooks, which replace cannot call",
    remedy: "revert the applied payloads one by one, then apply this one",
  },
};

const AT_UNLOAD: Table = {
  [Errno.EINVAL]: {
    text: "it is applied",
    expected: "a payload that is checked, so not applied",
    remedy: "revert it first",
  },
};

export function reasonByErrno(refusal: Refusal): Reason {
  if (refusal.step === "upload" && refusal.errno === Errno.EEXIST && refusal.nameTaken === true) {
    return NAME_TAKEN;
  }
  for (const table of tablesOf(refusal)) {
    const reason = table[refusal.errno];
    if (reason !== undefined) return reason;
  }
  return { text: "the hypervisor refused", remedy: SEE_CONSOLE };
}

function tablesOf({ step }: Refusal): readonly Table[] {
  switch (step) {
    case "query":
      return [AT_ANY_STEP];
    case "upload":
      return [AT_UPLOAD, AT_ANY_STEP];
    case "apply":
      return [AT_APPLY, AT_ACTION, AT_ANY_STEP];
    case "replace":
      return [AT_REPLACE, AT_ACTION, AT_ANY_STEP];
    case "unload":
      return [AT_UNLOAD, AT_ACTION, AT_ANY_STEP];
    case "revert":
      return [AT_ACTION, AT_ANY_STEP];
  }
}
