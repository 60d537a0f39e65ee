// Patches of functions whose callers, or whose callees, were compiled with knowledge of each other's
// registers (gcc's -fipa-ra). How they get along is for test/lab/kept-registers-build.test.ts.

import { built, type CorpusCase } from "./case.ts";
import { pressKey } from "./probes.ts";

const printsLimits = built(["grant_table_warn_active_grants"], undefined);

export const registerCases: readonly CorpusCase[] = [
  {
    name: "callee-clobbers",
    rule: "a function that changes registers on which callers relied: they come along, compiled anew",
    expected: built(
      [
        "common/grant_table.c#acquire_grant_for_copy",
        "common/grant_table.c#gnttab_map_grant_ref",
        "common/grant_table.c#gnttab_transfer",
        "common/grant_table.c#gnttab_usage_print_all",
        "common/grant_table.c#nr_grant_entries",
        "do_grant_table_op",
      ],
      {
        probe: pressKey("g"),
        without: /^(?!.*version 1 frames).*gnttab_usage_print_all/s,
        with: /version 1 frames \d+/,
      },
    ),
  },
  {
    name: "caller-relies",
    rule: "new code that keeps values in registers which a function of Xen leaves alone",
    expected: printsLimits,
  },
  {
    name: "caller-relies-through",
    rule: "new code that keeps values in registers which Xen leaves alone, called by new code in between",
    expected: printsLimits,
  },
];
