// Where CPUs are while Xen patches, as far as the code of a hypervisor does not tell (ABI reference §4.3).
// standing/ finds the rest in that code.

/**
 * In it every CPU that is online waits, on all releases and architectures (common/livepatch.c). Who
 * called it is found in the code: until 4.13.0 whatever gives a CPU another stack, since then in effect
 * the idle loop alone.
 */
export const RENDEZVOUS_FUNCTION = "check_for_livepatch_work";

/**
 * Where CPUs of x86 sleep that are offline, and do not take part: play_dead() (arch/x86/domain.c) and what
 * its pointer `dead_idle` is ever set to (the same file, acpi/cpu_idle.c, cpu/mwait-idle.c). As spelt in
 * the source. They stay there until they are brought online or the host is reset.
 */
export const PARKING_FUNCTION = "play_dead";
export const parkedFunctions: readonly string[] = ["default_dead_idle", "acpi_dead_idle"];

/**
 * A vCPU sleeps in a wait queue in here (common/wait.c), with a copy of the frames of whoever led to it. One does
 * so while the ring is full on which its domain reports to a monitor, pager or sharer of memory (common/vm_event.c).
 */
export const SLEEP_FUNCTION = "prepare_to_wait";

/** Whether the CPUs that stand in a function while Xen patches leave it soon. */
export type Stay =
  /** A moment later they have, all of them: LEAVING_MS. */
  | "leaves"
  /** Some may be in it for as long as the host runs. */
  | "stays";

/**
 * From a revert until every CPU has left the bodies in which it waited for it, generously. With a rendezvous
 * through tasklets, do_tasklet() raises SCHEDULE_SOFTIRQ when no tasklet is left for the CPU (common/tasklet.c), in
 * general before it begins to wait, so what it does next is to run softirqs, be scheduled, and get a new stack. All
 * CPUs came to the rendezvous within its time limit, which is 30 ms by default. Why that is an argument and no proof:
 * docs/architecture.md. Earlier releases raise nothing: a CPU may idle on.
 */
export const LEAVING_MS = 1000;
