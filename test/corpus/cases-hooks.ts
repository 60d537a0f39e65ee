// Patches with hooks: in the patched source itself, and in files that include Xen's headers.

import { built, type CorpusCase } from "./case.ts";
import { extraVersion } from "./probes.ts";

export const hookCases: readonly CorpusCase[] = [
  {
    name: "hooks-in-source",
    rule: "hooks by Xen's own macros in the patched source are the payload's hooks",
    expected: built(["xen_extra_version"], {
      probe: extraVersion,
      without: /^\.5$/,
      with: /^\.5plP$/,
    }),
  },
  {
    name: "version-in-variable",
    rule: "a file of hooks that includes Xen's headers is compiled as Xen's own files are",
    hooks: "count-domains.c",
    expected: built(["xen_extra_version"], {
      probe: extraVersion,
      without: /^\.5$/,
      with: /^\.5\+1\/1$/,
    }),
  },
];
