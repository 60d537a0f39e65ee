// Patches that become payloads, with the functions that they replace and how they show.

import { built, type CorpusCase } from "./case.ts";
import * as probes from "./probes.ts";

const { pressKey } = probes;

export const builtCases: readonly CorpusCase[] = [
  {
    name: "plain-function",
    rule: "a function of its own",
    expected: built(["xen_extra_version"], {
      probe: probes.extraVersion,
      without: /^\.5$/,
      with: /^\.5\+fix$/,
    }),
  },
  {
    name: "kernel-c-twice",
    rule: "a file that is compiled into two objects",
    expected: built(["compat_xen_version", "do_xen_version"], {
      probe: probes.pageSizeBuffers,
      without: /^-22 -22$/,
      with: /^-14 -14$/,
    }),
  },
  {
    name: "ex-table",
    rule: "an access that faults, with its entry in the exception table",
    expected: built(["compat_xen_version", "do_xen_version"], {
      probe: probes.pageSizeBuffers,
      without: /^-22 -22$/,
      with: /^-14 -14$/,
    }),
  },
  {
    name: "fixup",
    rule: "fix-up code that travels with its function, and runs",
    expected: built(["do_set_segment_base"], {
      probe: probes.segmentBases,
      without: /^0 -22$/,
      with: /^0 -95$/,
    }),
  },
  {
    name: "string",
    rule: "a string literal",
    expected: built(["common/keyhandler.c#show_handlers"], {
      probe: pressKey("h"),
      without: /showing installed handlers/,
      with: /listing installed handlers/,
    }),
  },
  {
    name: "static-local",
    rule: "static locals that the compiler renumbered; the old ones stay Xen's own",
    expected: built(["common/keyhandler.c#read_clocks"], {
      probe: pressKey("t"),
      without: /^(?!.*since the fix).*samples=\d+/s,
      with: /Clocks read 1 times since the fix.*samples=[2-9]/s,
    }),
  },
  {
    name: "cold-part",
    rule: "a function with a cold part",
    expected: built(["rangeset_add_range"], {
      probe: probes.grantIoMemory,
      without: /^(?!.*adding).*result 0/s,
      with: /rangeset I\/O Memory *: adding fed80 to fed80.*result 0/s,
    }),
  },
  {
    name: "part-clone",
    rule: "a function of which the compiler inlined the head (.part)",
    expected: built(["common/rangeset.c#rangeset_contains_range.part.0"], {
      probe: probes.grantIoMemory,
      without: /^(?!.*found).*result 0/s,
      with: /rangeset I\/O Memory *: fed80 to fed80 found.*result 0/s,
    }),
  },
  {
    name: "isra-clone",
    rule: "a function whose arguments the compiler changed (.isra)",
    expected: built(["lib/x86/cpuid.c#copy_leaf_to_buffer.isra.0"], {
      probe: probes.rawCpuPolicy("leaves"),
      without: /^-105$/,
      with: /^-7$/,
    }),
  },
  {
    name: "constprop-clone",
    rule: "a function that the compiler made for one value of an argument (.constprop)",
    // Only a crash of the hypervisor itself would show it.
    expected: built(["arch/x86/traps.c#_show_trace.constprop.0"], undefined),
  },
  {
    name: "inlined-helper",
    rule: "a helper that is inlined into the function that is replaced",
    expected: built(["common/event_channel.c#dump_evtchn_info"], {
      probe: pressKey("e"),
      without: /Event channel information for domain 0/,
      with: /Event channels of domain 0/,
    }),
  },
  {
    name: "header-many-objects",
    rule: "a header that more than a hundred objects read",
    expected: built(
      ["arch/x86/hvm/hvm.c#hvm_print_line", "common/keyhandler.c#show_handlers", "do_console_io"],
      { probe: pressKey("h"), without: /key '\+' \(/, with: /key ' ' \(ascii '2b'\)/ },
    ),
  },
  {
    name: "new-function",
    rule: "a new function",
    expected: built(["common/keyhandler.c#show_handlers"], {
      probe: pressKey("h"),
      without: /showing installed handlers/,
      with: /showing \d\d installed handlers/,
    }),
  },
  {
    name: "new-data",
    rule: "new variables in .data, .data.read_mostly and .bss",
    expected: built(["common/timer.c#dump_timerq"], {
      probe: pressKey("a"),
      without: /Dumping timer queues:/,
      with: /Dump 42 of timer queues:/,
    }),
  },
  {
    name: "new-file",
    rule: "a new file, which a make file names",
    expected: built(["common/timer.c#dump_timerq"], {
      probe: pressKey("a"),
      without: /Dumping timer queues:/,
      with: /Dumping timer queues \(1\):/,
    }),
  },
  {
    name: "line-shift-and-change",
    rule: "lines that moved, and one function that changed",
    expected: built(["common/page_alloc.c#dump_heap"], {
      probe: pressKey("H"),
      without: /\[zone=\d+\] -> \d+ pages/,
      with: /\[zone=\d+\] => \d+ pages/,
    }),
  },
  {
    name: "bug-frame-only",
    rule: "a change that only a bug frame has",
    expected: built(["common/keyhandler.c#dump_registers"], undefined),
  },
  {
    name: "alternatives-only",
    rule: "a change that only the table of alternatives has",
    expected: built(["arch/x86/cpu/mtrr/generic.c#prepare_set"], undefined),
  },
  {
    name: "label-table",
    rule: "a table of places inside of the function, which stays with the new body",
    expected: built(["arch/x86/time.c#dump_softtsc"], {
      probe: pressKey("s"),
      without: /^(?!.*Asked for).*TSC/s,
      with: /Asked for by its key.*TSC/s,
    }),
  },
  {
    name: "function-pointers",
    rule: "new data with pointers to a new function",
    expected: built(["common/page_alloc.c#pagealloc_info"], {
      probe: pressKey("m"),
      without: /Dom heap: \d+kB free\s+result/,
      with: /Dom heap: \d+kB free.*\(key 'm'\)/s,
    }),
  },
  {
    name: "own-pointer",
    rule: "new data with a pointer to the replaced function, which goes through its old entry",
    expected: built(["common/page_alloc.c#pagealloc_info"], {
      probe: pressKey("m"),
      without: /^(?!.*twice).*Physical memory information:/s,
      with: /information, twice:.*Physical memory information:/s,
    }),
  },
  {
    name: "recursive",
    rule: "a function that calls itself",
    expected: built(["common/radix-tree.c#radix_tree_node_destroy"], undefined),
  },
  {
    name: "mutually-recursive",
    rule: "functions of two files that call each other",
    expected: built(["domain_context_mapping_one", "me_wifi_quirk"], undefined),
  },
  {
    name: "constants-with-readers",
    rule: "a table of constants, all of whose readers are replaced",
    expected: built(["vlapic_reg_write"], undefined),
  },
  {
    name: "shadow-multi",
    rule: "a file that is compiled three times",
    expected: built(
      [
        "arch/x86/mm/shadow/guest_2.c#sh_page_fault__guest_2",
        "arch/x86/mm/shadow/guest_3.c#sh_page_fault__guest_3",
        "arch/x86/mm/shadow/guest_4.c#sh_page_fault__guest_4",
      ],
      undefined,
    ),
  },
  {
    name: "two-files",
    rule: "functions of several files",
    expected: built(["common/keyhandler.c#dump_domains", "xen_changeset", "xen_deny"], {
      probe: pressKey("q"),
      without: /General information for domain 0:/,
      with: /General facts of domain 0:/,
    }),
  },
  {
    name: "capabilities",
    rule: "a file of which nearly all runs only while booting",
    expected: built(["arch_get_xen_caps"], {
      probe: probes.capabilities,
      without: /^xen-3\.0-x86_64 (?!fixed)/,
      with: /^xen-3\.0-x86_64 fixed-3\.0 /,
    }),
  },
  {
    name: "nmi-statistics",
    rule: "a function beside those that an NMI runs",
    expected: built(["arch/x86/nmi.c#do_nmi_stats"], {
      probe: pressKey("n"),
      without: /0\t +\d+\n/,
      with: /0\t +\d+ NMIs\n/,
    }),
  },
  {
    name: "with-tools",
    rule: "a part that is a tool's, which needs an update besides",
    expected: built(
      ["xen_extra_version"],
      { probe: probes.extraVersion, without: /^\.5$/, with: /^\.5\+tools$/ },
      { "tools/misc/xen-livepatch.c": "not-hypervisor" },
    ),
  },
];
