// Patches of which the hypervisor runs nothing, and one that is none.

import type { CorpusCase } from "./case.ts";

export const unchangedCases: readonly CorpusCase[] = [
  { name: "comment-only", rule: "a comment", expected: { outcome: "unchanged" } },
  {
    name: "line-shift-only",
    rule: "lines that moved in a file with bug frames",
    expected: { outcome: "unchanged" },
  },
  {
    name: "line-shift-in-header",
    rule: "lines that moved in a header",
    expected: { outcome: "unchanged" },
  },
  {
    name: "tools-only",
    rule: "a tool, which no hypervisor contains",
    expected: {
      outcome: "unchanged",
      leftOut: { "tools/misc/xen-livepatch.c": "not-hypervisor" },
    },
  },
  {
    name: "not-in-configuration",
    rule: "a file that this configuration leaves out",
    expected: {
      outcome: "unchanged",
      leftOut: { "xen/common/perfc.c": "not-in-configuration" },
    },
  },
  {
    name: "left-out-branch",
    rule: "lines of a compiled file that this configuration leaves out",
    expected: {
      outcome: "unchanged",
      leftOut: { "xen/common/kernel.c": "not-in-configuration" },
    },
  },
  {
    name: "other-architecture",
    rule: "a file of another architecture",
    expected: {
      outcome: "unchanged",
      leftOut: { "xen/arch/arm/traps.c": "not-in-configuration" },
    },
  },
  {
    name: "make-same-objects",
    rule: "make files that name the same objects, and a directory that is not read",
    expected: {
      outcome: "unchanged",
      leftOut: {
        "xen/common/Makefile": "not-in-configuration",
        "xen/crypto/Makefile": "not-in-configuration",
      },
    },
  },
  {
    name: "make-order",
    rule: "the order in which objects are linked, of which no list of the linker shows anything",
    expected: {
      outcome: "unchanged",
      leftOut: { "xen/common/Makefile": "not-in-configuration" },
    },
  },
  {
    name: "kconfig-option",
    rule: "an option that this configuration does not turn on",
    expected: {
      outcome: "unchanged",
      leftOut: { "xen/common/Kconfig": "not-in-configuration" },
    },
  },
  {
    name: "generator-and-header",
    rule: "a header with a line that only the generator of the patch takes",
    expected: {
      outcome: "unchanged",
      leftOut: { "xen/tools/compat-build-source.py": "not-in-configuration" },
    },
  },
  {
    name: "does-not-compile",
    rule: "a mistake in C",
    expected: { outcome: "error", code: "build/compile-failed" },
  },
];
