// Patches whose code needs something that takes a closer look: an object that was never linked, constants
// whose address a register still holds.

import { built, type CorpusCase } from "./case.ts";
import { pressKey } from "./probes.ts";

export const neededCases: readonly CorpusCase[] = [
  {
    name: "library-object",
    rule: "a function of the library that the hypervisor was linked without",
    expected: built(["common/keyhandler.c#do_toggle_alt_key"], {
      probe: pressKey("A"),
      without: /^(?!.*letters known).*key handling/s,
      with: /4 letters known/,
    }),
  },
  {
    name: "constants-in-void",
    rule: "constants whose address is left in a register by a function without a result",
    expected: built(["keyhandler_crash_action"], undefined),
  },
  {
    name: "constants-in-call",
    rule: "constants whose address is left in a register at a call, which does not read it",
    expected: built(["arch_do_sysctl"], undefined),
  },
];
