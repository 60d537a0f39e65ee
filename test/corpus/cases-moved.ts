// Patches that move variables between files, show them to other files, or keep what ran at boot: the
// hypervisor's own stay in use.

import { built, type CorpusCase, refused } from "./case.ts";
import * as probes from "./probes.ts";

export const movedCases: readonly CorpusCase[] = [
  {
    name: "variable-moves",
    rule: "a variable that another file defines now, and goes on with what it holds",
    expected: built(["common/keyhandler.c#do_toggle_alt_key"], {
      probe: probes.pressKey("A"),
      // Each look toggles it: on by the old code, off by the new one, on again.
      without: /using alternative key handling/,
      with: /now normal key handling/,
    }),
  },
  {
    name: "variable-only-moves",
    rule: "a variable that another file defines now, and nothing else",
    expected: { outcome: "unchanged" },
  },
  {
    name: "variable-moves-renamed",
    rule: "a variable whose state would be lost with its file and its name",
    expected: refused('data-lost: variable "cur_idle_nums"'),
  },
  {
    name: "static-variable-shared",
    rule: "a static variable that another file reads now",
    expected: built(["compat_xen_version", "do_xen_version"], {
      probe: probes.pageSizeByKeyHandling,
      without: /^(-?\d+) \1$/,
      with: /^-16 (?!-16)-?\d+$/,
    }),
  },
  {
    name: "static-function-shared",
    rule: "a static function that another file calls now",
    expected: built(["compat_xen_version", "do_xen_version"], {
      probe: probes.printedByPageSize,
      without: /^(?!.*samples)/s,
      with: /samples=\d+/,
    }),
  },
  {
    name: "init-at-run-time",
    rule: "an init function that run-time code calls now",
    expected: built(["common/keyhandler.c#do_toggle_alt_key"], {
      probe: probes.pressKey("A"),
      without: /pressed -> using/,
      with: /pressed -> using/,
    }),
  },
];
