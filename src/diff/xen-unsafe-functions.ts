// Functions of Xen that cannot be replaced safely: those that run while a payload is applied, on the
// very processors that apply it, and those that must not meet a half-written jump (ABI reference
// §4.3, §8.1). Names hold for all releases; a release that lacks one has nothing to refuse.

import type { UnsafeFunction } from "./policy.ts";

const applying = "it runs while a payload is applied or reverted";
const interrupting =
  "it can interrupt the processor that is writing the jump (NMI or machine check)";
const waiting = "every processor is inside of it while a payload is applied";

export const xenUnsafeFunctions: readonly UnsafeFunction[] = [
  { file: /(^|\/)(livepatch|livepatch_elf)\.c$/, name: /^/, reason: applying },
  { name: /^check_for_livepatch_work$/, reason: applying },
  { name: /^(arch_livepatch|livepatch)_/, reason: applying },
  { name: /^(flush_area_local|flush_area_mask|write_cr0|smp_call_function)$/, reason: applying },
  { name: /^(process_pending_softirqs|rendezvous_|stop_machine)/, reason: applying },
  {
    name: /^(do_nmi|nmi_|_nmi|default_nmi|pci_serr_|io_check_error|unknown_nmi)/,
    reason: interrupting,
  },
  { name: /^(do_machine_check|machine_check_poll|mcheck_|mce_|mctelem_)/, reason: interrupting },
  {
    name: /^(idle_loop|default_idle|default_dead_idle|acpi_processor_idle|mwait_idle)$/,
    reason: waiting,
  },
  {
    name: /^(do_softirq|__do_softirq|do_tasklet|do_tasklet_work|tasklet_softirq_action)$/,
    reason: waiting,
  },
  {
    name: /^(context_switch|__context_switch|continue_running|context_saved|sched_context_switched|schedule_tail|continue_idle_domain|reset_stack_and_jump|startup_cpu_idle_loop)$/,
    reason: "it never returns to its caller: a processor can be in its tail for as long as it runs",
  },
];
