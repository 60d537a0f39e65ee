// Patches with a part in code that ran while booting, which are built all the same.

import { built, type CorpusCase } from "./case.ts";
import { pressKey } from "./probes.ts";

export const initCases: readonly CorpusCase[] = [
  {
    name: "init-inlining",
    patch: "init-half",
    rule: "a helper that init code inlines as well, which ran",
    expected: built(["drivers/char/console.c#do_adj_thresh"], {
      probe: pressKey("+-"),
      without: /Errors and warnings \(/,
      with: /Errors, warnings \(/,
    }),
  },
  {
    name: "allowed-init",
    patch: "init-own-half",
    rule: "an init half that the author accepts to be without effect",
    options: ["--allow-init", "console_endboot"],
    expected: built(["drivers/char/console.c#do_adj_thresh"], {
      probe: pressKey("+-"),
      without: /Errors and warnings \(/,
      with: /Errors, warnings \(/,
    }),
  },
  {
    name: "init-with-hook",
    patch: "init-function",
    rule: "an init function in whose place a hook does what is to be done",
    hooks: "console-ring.c",
    // It runs when the payload is applied, and has no effect that could be reverted.
    expected: built([], undefined),
  },
  {
    name: "boot-only",
    rule: "init functions of other objects, called behind the same condition as before",
    // The CPU of the lab is of another family.
    expected: built(["arch/x86/cpu/hygon.c#init_hygon"], undefined),
  },
];
