// Global labels of x86 entry code; xen-syms does not record their file. They are the points at which
// exceptions enter Xen, under the names of 4.7 to 4.18 and those of later releases, and the exits.

const registers = "rax rcx rdx rbx rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15".split(" ");
const vectors = "DE MF XM NM DB BP OF BR UD TS NP SS GP AC CP DF NMI MC PF".split(" ");

export const x86EntryPoints: readonly string[] = [
  ...registers.map((register) => `__x86_indirect_thunk_${register}`),
  ...vectors.map((vector) => `entry_${vector}`),
  "alignment_check",
  "bounds",
  "clear_bhb_loops",
  "clear_bhb_tsx",
  "compat_int80_direct_trap",
  "compat_sysenter",
  "compat_test_all_events",
  "coprocessor_error",
  "cr4_pv32_restore",
  "debug",
  "device_not_available",
  "divide_error",
  "dom_crash_sync_extable",
  "early_page_fault",
  "entry_int80",
  "general_protection",
  "int3",
  "invalid_TSS",
  "invalid_op",
  "overflow",
  "ret_from_intr",
  "segment_not_present",
  "simd_coprocessor_error",
  "stack_segment",
  "svm_stgi_label",
  "trap_nop",
];
