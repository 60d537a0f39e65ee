// Functions of every architecture that cannot be replaced; unpatchable.ts explains why.

import type { Feature } from "./features.ts";
import type { Stay } from "./rendezvous.ts";

/** Functions that cannot be replaced for one and the same reason. */
export interface UnpatchablePath {
  readonly path:
    | "nmi"
    | "machine-check"
    | "entry"
    | "live-patching"
    | "idle-loop"
    | "context-switch";
  /** The text after "… cannot be replaced: ". */
  readonly reason: string;
  /** As spelt in the source. */
  readonly names: readonly string[];
  /** Files of which no function can be replaced, by the ends of their names. */
  readonly files?: readonly string[];
  /** Only releases with this behaviour have the path; all do if undefined. */
  readonly feature?: Feature;
  /** A CPU or vCPU may stand in it for as long as the host runs; `leaves` without it. */
  readonly stay?: Stay;
}

export const whilePatching =
  "Xen runs it between making its code writable and protecting it again, when some functions are replaced and others are not";

export const commonPaths: readonly UnpatchablePath[] = [
  {
    path: "live-patching",
    reason: "it is the code that patches, or decides about it",
    // Global functions also by name: xen-syms records the files of static functions only.
    names: [
      "arch_livepatch_apply",
      "arch_livepatch_init",
      "arch_livepatch_mask",
      "arch_livepatch_perform_rel",
      "arch_livepatch_perform_rela",
      "arch_livepatch_post_action",
      "arch_livepatch_quiesce",
      "arch_livepatch_revert",
      "arch_livepatch_revive",
      "arch_livepatch_safety_check",
      "arch_livepatch_secure",
      "arch_livepatch_symbol_deny",
      "arch_livepatch_symbol_ok",
      "arch_livepatch_unmask",
      "arch_livepatch_verify_elf",
      "arch_livepatch_verify_func",
      "check_for_livepatch_work",
      "livepatch_elf_free",
      "livepatch_elf_load",
      "livepatch_elf_perform_relocs",
      "livepatch_elf_resolve_symbols",
      "livepatch_elf_sec_by_name",
      "livepatch_op",
      "livepatch_symbols_lookup_by_name",
      "revert_payload",
      "revert_payload_tail",
    ],
    files: ["livepatch.c", "livepatch_elf.c"],
  },
  {
    path: "live-patching",
    reason: whilePatching,
    names: [
      "memcpy",
      "memcmp",
      "memset",
      "strlen",
      "spin_debug_disable",
      "spin_debug_enable",
      "get_s_time",
      "get_s_time_fixed",
      "get_cpu_maps",
      "put_cpu_maps",
      "cpu_in_hotplug_context",
      "__bitmap_weight",
      "__bitmap_or",
      "__bitmap_equal",
      "__find_first_bit",
      "__find_next_bit",
      "_spin_lock_irqsave",
      "_spin_unlock_irqrestore",
    ],
  },
  {
    path: "live-patching",
    // apply_payload() and revert_payload() warn of functions that a hook has handled already.
    reason: `${whilePatching}: it can print a warning then`,
    names: [
      "printk",
      "vprintk",
      "vprintk_common",
      "__printk_ratelimit",
      "printk_prefix_check",
      "printk_start_of_line",
      "__putstr",
      "conring_puts",
      "serial_puts",
      "__serial_putc",
      "vsnprintf",
      "snprintf",
      "number",
      "print_domain",
      "symbols_lookup",
      "symbols_expand_symbol",
      "find_text_region",
      "string",
      "strchr",
      "strnlen",
      "wallclock_time",
      "gmtime",
      "_spin_lock_recursive",
      "_spin_unlock_recursive",
      "_rspin_lock",
      "_rspin_unlock",
      // It wakes who reads the console.
      "tasklet_schedule",
      "tasklet_schedule_on_cpu",
      "tasklet_enqueue",
      "cpu_raise_softirq",
    ],
  },
];
