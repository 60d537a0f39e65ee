// Patches whose new code the hypervisor gets a pointer to: built, with a warning.

import { built, type CorpusCase } from "./case.ts";

export const pointerCases: readonly CorpusCase[] = [
  {
    name: "new-callback",
    rule: "a new function that the hypervisor keeps a pointer to once a key was pressed",
    // Nobody presses it here: the payload is unloaded in the end.
    expected: built(["common/keyhandler.c#do_toggle_alt_key"], undefined),
  },
];
