// Patches of functions that CPUs stand in while Xen patches, or that Xen runs then.

import { built, type CorpusCase } from "./case.ts";

export const standingCases: readonly CorpusCase[] = [
  {
    name: "idle-path",
    rule: "functions that CPUs wait in, switch in, or come to the rendezvous through",
    expected: built(
      [
        ...["arch/x86/domain.c#idle_loop", "context_switch", "continue_running"],
        ...["do_softirq", "do_tasklet"],
      ],
      undefined,
    ),
  },
  {
    name: "quiesce-path-allowed",
    patch: "quiesce-path",
    options: ["--allow-unsafe", "string"],
    rule: "a function that runs while Xen patches, by consent",
    expected: built(["common/vsprintf.c#string"], undefined),
  },
];
