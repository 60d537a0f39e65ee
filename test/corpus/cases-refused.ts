// Patches that cannot be live patched, with every reason.

import { type CorpusCase, refused } from "./case.ts";

export const refusedCases: readonly CorpusCase[] = [
  {
    name: "init-own-half",
    rule: "an init function that the fix itself changes, besides what it inlines",
    expected: refused('init-code: function "console_endboot"'),
  },
  {
    name: "init-function",
    rule: "a function that ran while booting",
    expected: refused('init-code: function "console_init_postirq"'),
  },
  {
    name: "init-data",
    rule: "a value that was used while booting",
    expected: refused('init-data: variable "ioapic_ack_new"'),
  },
  {
    name: "new-initcall",
    rule: "a new function to be called while booting",
    expected: refused(
      'init-code: function "register_forgotten"',
      'init-data: variable "__initcall_register_forgotten"',
    ),
  },
  {
    name: "init-reference",
    rule: "new code that reads what is gone since booting",
    expected: refused('init-reference: symbol "ioapic_ack_new"'),
  },
  {
    name: "struct-layout",
    rule: "a member more in a struct of a header",
    expected: refused('init-code: function "cpupool_init"', "layout: struct cpupool"),
  },
  {
    name: "local-struct",
    rule: "a member more in a struct of one file, which is allocated",
    expected: refused("layout: struct rangeset"),
  },
  {
    name: "public-struct",
    rule: "a member more in a struct of guests and hypervisor",
    // Boot code that is embedded in other objects includes the header too.
    expected: refused(
      "file: xen/include/public/arch-x86/hvm/start_info.h",
      'init-code: function "dom0_construct_pvh"',
      'init-code: function "pvh_load_kernel.isra.0"',
      "layout: struct hvm_start_info",
    ),
  },
  {
    name: "enumerator",
    rule: "a value more in an enumeration",
    expected: refused(
      'data-initial-value: variable "opt_sched_granularity"',
      'init-code: function "cpupool_init"',
      "layout: enum sched_gran",
      'read-only-escapes: constant "sg_name"',
    ),
  },
  {
    name: "new-per-cpu",
    rule: "a new per-CPU variable",
    expected: refused('per-cpu: variable "per_cpu__read_clocks_count"'),
  },
  {
    name: "initial-value",
    rule: "another first value of a variable",
    expected: refused('data-initial-value: variable "thresh_adj"'),
  },
  {
    name: "data-size",
    rule: "a larger table that is written to",
    expected: refused('data-size: variable "key_table"'),
  },
  {
    name: "constants-escape",
    rule: "constants whose address a function returns",
    expected: refused('read-only-escapes: constant "build_info"'),
  },
  {
    name: "constants-handed-out",
    rule: "constants whose address a function passes on",
    expected: refused('read-only-escapes: constant "sg_name"'),
  },
  {
    name: "constants-shared",
    rule: "constants that another file reads, as all objects of the source tell",
    expected: refused('read-only-shared: constant "font_vga_8x14"'),
  },
  {
    name: "assembly-half",
    rule: "C that could be carried, and entry code that cannot",
    expected: refused('unsupported-section: assembly "restore_all_guest"'),
  },
  {
    name: "linker-script",
    rule: "C that could be carried, and a linker script",
    expected: refused("file: xen/arch/x86/xen.lds.S"),
  },
  {
    name: "make-flags",
    rule: "flags of the compiler",
    expected: refused("file: xen/common/Makefile"),
  },
  {
    name: "too-small",
    rule: "a function with less room than a jump takes",
    expected: refused(
      'too-small: function "sh_map_and_validate_gl4e__guest_2"',
      'too-small: function "sh_map_and_validate_gl4e__guest_3"',
    ),
  },
  {
    name: "nmi-path",
    rule: "a function that an NMI runs",
    expected: refused('unsafe-path: function "do_nmi"'),
  },
  {
    name: "machine-check-path",
    rule: "a function that a machine check runs",
    expected: refused('unsafe-path: function "mc_panic"'),
  },
  {
    name: "live-patch-code",
    rule: "the code that patches",
    expected: refused('unsafe-path: function "livepatch_printall"'),
  },
  {
    name: "quiesce-path",
    rule: "a function that runs while Xen patches",
    expected: refused('unsafe-path: function "string"'),
  },
  {
    name: "missing-symbol",
    rule: "a function that the hypervisor does not have",
    expected: refused('missing-symbol: symbol "fixed_version"'),
  },
  {
    name: "moved-global",
    rule: "a function that moves to another file, away from its callers",
    expected: refused('moved-between-files: function "xen_compiler"'),
  },
  {
    name: "renamed-static",
    rule: "a variable whose state would be lost with its name",
    expected: refused('data-lost: variable "global_virq_handlers"'),
  },
  {
    name: "nameless-struct",
    rule: "members of a variable whose type has no name",
    expected: refused('layout: variable "equiv"'),
  },
  {
    name: "nameless-enum",
    rule: "values of constants whose type has no name",
    expected: refused("layout: enum { _HCALL_spin_wait, … }"),
  },
  {
    name: "kconfig-setting",
    rule: "an option of the configuration that is on without being asked for",
    expected: refused("file: xen/common/Kconfig"),
  },
  {
    name: "link-script",
    rule: "a script that the link of the hypervisor runs",
    expected: refused("file: xen/tools/check-endbr.sh"),
  },
  {
    name: "make-order-of-lists",
    rule: "the order of calls at boot, which is that of the objects",
    expected: refused("file: xen/common/Makefile"),
  },
  {
    name: "embedded-header",
    rule: "a header of code that is embedded in other objects",
    expected: refused("file: xen/arch/x86/boot/defs.h"),
  },
];
