// What functions of Xen do with an address argument. Most functions are unknown, and are assumed to
// store it. Printed text, a lock or a buffer is hardly ever stored, so for such data only functions
// count whose name says that something is registered with Xen.

/** Functions of Xen that call their argument, and do not store it. */
const forgetful: ReadonlySet<string> = new Set([
  "on_selected_cpus",
  "on_each_cpu",
  "smp_call_function",
  "stop_machine_run",
  "sort",
  "bsearch",
  "radix_tree_destroy",
  "rangeset_report_ranges",
  "rangeset_consume_ranges",
  "pci_segments_iterate",
  "p2m_change_type_range",
  "printk",
  "snprintf",
  "scnprintf",
]);

export function keepsFunctions(callee: string | undefined): boolean {
  return callee === undefined || !forgetful.has(callee);
}

/** Pairs of words in Xen's function names for registering and unregistering. */
const opposites: readonly (readonly [does: string, undoes: string])[] = [
  ["register", "unregister"],
  ["register", "deregister"],
  ["add", "del"],
  ["add", "remove"],
  ["insert", "remove"],
  ["insert", "delete"],
  ["request", "release"],
  ["request", "free"],
  ["setup", "release"],
  ["init", "kill"],
  ["init", "destroy"],
  ["init", "exit"],
  ["alloc", "free"],
  ["set", "unset"],
  ["set", "clear"],
];

export function keepsData(callee: string | undefined): boolean {
  return callee !== undefined && wordsOf(callee).some((word) => makingKnown.has(word));
}

const makingKnown: ReadonlySet<string> = new Set(["register", "request", "setup"]);

/** Whether a call of `other` may undo a call of `callee`. */
export function undoes(other: string, callee: string): boolean {
  const words = wordsOf(callee);
  return opposites.some(([does, undoing]) => {
    const expected = words.map((word) => (word === does ? undoing : word));
    return words.includes(does) && expected.join("_") === wordsOf(other).join("_");
  });
}

/** Without the file prefix of a static function's name. */
function wordsOf(name: string): readonly string[] {
  return name.replace(/^.*#/, "").split("_");
}
