// What ran when the hypervisor booted, or when each of its CPUs came up: hooks that do it now. What it would
// have to be is not known from the objects; what the new code calls is.

import type { Atom } from "../../diff/atom.ts";
import { comment, identifier } from "./c-text.ts";
import { type DraftPart, TODO } from "./part.ts";

/** Of a function or variable of init memory; `before` is missing for one that the fix adds. */
export function draftInit(
  { before, after }: { readonly before: Atom | undefined; readonly after: Atom | undefined },
  {
    object,
    count,
    reasons,
  }: {
    readonly object: string;
    readonly count: number;
    /** Of the refusal: what differs. */
    readonly reasons: readonly string[];
  },
): Omit<DraftPart, "of"> | undefined {
  const atom = after ?? before;
  if (atom === undefined) return undefined;
  const isCode = atom.kind === "function" || atom.kind === "labelled-code";
  const noun = isCode ? "Function" : "Variable";
  const [was, is] = [before, after].map((one) => new Set(one === undefined ? [] : calledBy(one)));
  const list = (some = new Set<string>(), others = new Set<string>()) =>
    [...some].filter((name) => !others.has(name)).sort();
  const [more, fewer] = [list(is, was), list(was, is)];
  const calls = [
    ...(more.length > 0 ? [`It calls now: ${more.join(", ")}`] : []),
    ...(fewer.length > 0 ? [`It does not call any more: ${fewer.join(", ")}`] : []),
    ...(isCode && more.length + fewer.length === 0 ? ["It calls what it called before."] : []),
  ];
  const name = `instead_of_${identifier(atom.name)}_${count}`;
  const text = `${comment(`${noun} ${atom.name} of ${object} had its effect when the hypervisor booted.`, ...reasons, ...calls, "Code and data of the boot are gone: do not call or read them.")}
#error "do what ${atom.name} would have led to in the hook below, and remove this line (or build with --allow-init ${atom.name}, without this part)"
static void cf_check ${name}(void)
{
}
XSPLICE_HOOK_LOAD(${name})
`;
  return { headers: [], text, state: "edit" };
}

function calledBy({ references }: Atom): readonly string[] {
  return references.flatMap(({ use, target }) => {
    if (use !== "branch") return [];
    if (target.kind === "external") return [target.symbol.name];
    return target.kind === "atom" && target.atom.kind === "function" ? [target.atom.name] : [];
  });
}

/** Functions that run only when a CPU comes up, for all CPUs that run already. */
export function draftBringUp(names: readonly string[]): DraftPart | undefined {
  if (names.length === 0) return undefined;
  const todo = names
    .map((name) => `#error "set what ${name}() sets now, and remove this line"`)
    .join("\n");
  const text = `${comment(
    "These run only when a CPU comes up, so CPUs that run keep what the old code set:",
    `${names.join(", ")}.`,
    "A load hook cannot do this: all other CPUs stand still then. A payload with a postapply hook cannot take",
    "part in REPLACE.",
  )}
static void cf_check set_on_cpu(void *unused)
{
${todo}
}

static void cf_check set_on_each_cpu(livepatch_payload_t *payload)
{
    on_each_cpu(set_on_cpu, NULL, 1);
}
XSPLICE_HOOK_POSTAPPLY(set_on_each_cpu)

static void cf_check unset_on_cpu(void *unused)
{
    /* ${TODO} what the old code had set. */
}

static void cf_check unset_on_each_cpu(livepatch_payload_t *payload)
{
    on_each_cpu(unset_on_cpu, NULL, 1);
}
XSPLICE_HOOK_POSTREVERT(unset_on_each_cpu)
`;
  return {
    of: `only when a CPU comes up: ${names.join(", ")}`,
    headers: ["xen/livepatch_payload.h", "xen/smp.h"],
    text,
    state: "edit",
  };
}
