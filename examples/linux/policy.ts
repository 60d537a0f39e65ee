// How diffObjects() reads the objects of Linux for x86-64, as data: which section holds what, the
// formats of the tables, and which names and variables macros make. A file can be given to it that was
// compiled as kernels for live patching are: with -ffunction-sections and -fdata-sections.
//
// What it decides is for the reader to judge, and to change:
//   - What Linux prints only once, its rate limits, lock classes and descriptions of debug messages
//     belong to the code that they are in (role "per-use"). New code begins with new ones: a message may
//     come once more, and a debug message that was switched on is off.
//   - Tables for the unwinder and for tools are not compared: they follow from the code.
//   - Lists that the linker collects (parameters, exported symbols, trace events) must not change.
import type { SectionPolicy, SectionRule, VariableRule } from "xsplice/diff";
import type { LinuxLayout } from "./layout.ts";
import {
  addressTable,
  alternativeTable,
  bugTable,
  debugMessage,
  exceptionTable,
  jumpTable,
  paravirtTable,
  printkEntry,
  siteTable,
  staticCallTable,
  undefinedBehaviour,
} from "./tables.ts";

export function linuxSectionPolicy(layout: LinuxLayout): SectionPolicy {
  return {
    sections: [
      { name: /^\.altinstructions$/, role: "table", layout: alternativeTable(layout) },
      { name: /^__bug_table$/, role: "table", layout: bugTable(layout) },
      { name: /^__ex_table$/, role: "table", layout: exceptionTable(layout) },
      { name: /^__jump_table$/, role: "table", layout: jumpTable(layout) },
      ...tables,
      ...namedSections,
    ],
    variables,
    counters,
    unsafeFunctions: [],
    // What ftrace writes over the call of __fentry__.
    jumpSize: 5,
  };
}

const tables: readonly SectionRule[] = [
  { name: /^\.parainstructions$/, role: "table", layout: paravirtTable },
  { name: /^\.static_call_sites$/, role: "table", layout: staticCallTable },
  {
    name: /^(\.smp_locks|\.(retpoline|return|call|cfi)_sites|\.ibt_endbr_seal)$/,
    role: "table",
    layout: siteTable,
  },
  { name: /^(__mcount_loc|__patchable_function_entries)$/, role: "table", layout: addressTable },
];

const namedSections: readonly SectionRule[] = [
  // The code that a function jumps to when a reference count runs over, and code that alternatives need.
  { name: /^(\.text\.\.refcount|\.fixup|\.altinstr_(replacement|aux))$/, role: "attached-code" },
  { name: /^\.data\.\.L(ubsan_\w+|__unnamed_\d+)$/, role: "per-use", layout: undefinedBehaviour },
  { name: /^\.kpatch\.callbacks\./, role: "called-by-loader" },
  { name: /^\.(discard|kpatch\.ignore|eh_frame|modinfo|llvm_addrsig)(\.|$)/, role: "discarded" },
  { name: /^\.note\.(GNU-stack|gnu\.property)$/, role: "discarded" },
  { name: /^\.(debug|zdebug|stab|gnu\.debug)/, role: "debug" },
  { name: /^\.(orc_unwind(_ip)?|orc_header|printk_index)$/, role: "debug" },
  { name: /^\.comment$/, role: "producer" },
  { name: /^\.((con_|security_)?init(call)?|exit)/, role: "init" },
  { name: /^\.text(\.|$)/, role: "code" },
  {
    name: /^\.(noinstr|entry|irqentry|softirqentry|sched|kprobes|cpuidle|ref|spinlock)\.text$/,
    role: "code",
  },
  { name: /^\.data\.\.ro_after_init$/, role: "boot-written" },
  { name: /^\.(data|bss)\.\.percpu(\.|$)/, role: "per-cpu" },
  { name: /^\.data\.rel\.ro(\.|$)/, role: "read-only" },
  { name: /^(\.rodata|__ksymtab_strings|__tracepoints_strings)/, role: "read-only" },
  { name: /^(\.(data|bss|ref\.data)(\.|$)|__tracepoints$)/, role: "writable" },
  {
    name: /^(___?k(symtab|crctab)|__param|__tracepoints_ptrs|_ftrace_events|__syscalls_metadata)/,
    role: "unsupported",
    purpose: "a list that the linker collects from all files; the kernel knows its start and end",
  },
];

/** Clang puts the function's name in front; both compilers put a number behind. */
const variables: readonly VariableRule[] = [
  {
    name: /^([\w.]+\.)?(descriptor|__UNIQUE_ID_ddebug_?\d+)(\.\d+)?$/,
    role: "per-use",
    layout: debugMessage,
  },
  { name: /^([\w.]+\.)?_entry(\.\d+)?$/, role: "per-use", layout: printkEntry },
  {
    name: /^([\w.]+\.)?(__warned|__already_done|__print_once|__key|_rs|ratelimit_state)(\.\d+)?$/,
    role: "per-use",
  },
];

/** `__UNIQUE_ID_x12` and `__initcall__kmod_fork__345_3030_init6` have a counter, the second also a line. */
const counters: readonly RegExp[] = [
  /(?<=\b__UNIQUE_ID_\w*?)\d+(?=\.|$)/,
  /(?<=^__initcall__kmod_\w+?__)\d+_\d+(?=_)/,
];
