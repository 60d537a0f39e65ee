// New state for which the hypervisor has no room: a per-CPU variable as an array, new members of a structure
// as a shadow variable. The hooks hold the state, and the patch is to use it from there.

import { sha256 } from "../../bytes/sha256.ts";
import type { Declaration } from "../../layout/declare.ts";
import { comment, identifier } from "./c-text.ts";
import { type DraftPart, TODO } from "./part.ts";

/** `sizeBytes` stands in where debug information does not say what it is. */
export function draftPerCpu(
  name: string,
  declaration: Declaration | undefined,
  sizeBytes: number,
): Omit<DraftPart, "of"> {
  const array = `${identifier(name)}_of_cpu`;
  const words = Math.max(1, Math.ceil(sizeBytes / 8));
  const [before, after] = declaration?.type ?? ["unsigned long ", `[${words}]`];
  const what = `${before}${array}[NR_CPUS]${after}`;
  const begun = declaration === undefined ? [] : beginOf(declaration, `${array}[cpu]`);
  const kept = declaration?.inWords ?? (declaration === undefined ? "unknown type" : undefined);
  const text = `${comment(
    `Per-CPU variable ${name}: the per-CPU areas have no room for it, and an array has. In the patch,`,
    `write "extern ${what};" in the place of its definition,`,
    `${array}[smp_processor_id()] for this_cpu(${name}), and ${array}[cpu] for per_cpu(${name}, cpu).`,
    `${TODO} all elements begin as zero. A CPU that goes and comes again finds its element as it was.`,
    ...(kept === undefined ? [] : [`Room for what no header of Xen declares: ${kept}.`]),
  )}
extern ${what};
${what};

static void cf_check begin_${array}(void)
{
    unsigned int cpu;

    for ( cpu = 0; cpu < NR_CPUS; cpu++ )
    {
        /* ${TODO} what else does not begin as zero. */
${begun.map((line) => `    ${line}`).join("")}    }
}
XSPLICE_HOOK_LOAD(begin_${array})
`;
  const headers = ["xen/smp.h", ...(declaration?.headers ?? [])];
  return { headers, text, state: "complete" };
}

export interface GrownStructure {
  /** `struct domain` */
  readonly type: string;
  /** New ones that can be declared elsewhere. */
  readonly members: readonly Declaration[];
  /** What else changes in it, in words. */
  readonly others: readonly string[];
}

/** @param header where the type is declared, if any file may include it */
export function draftShadow(
  { type, members, others }: GrownStructure,
  header: string | undefined,
): Omit<DraftPart, "of"> | undefined {
  const name = /^struct (\w+)$/.exec(type)?.[1];
  if (name === undefined || members.length === 0) return undefined;
  const shadow = `${name}_shadow`;
  const key = shadowName(name, members);
  const fields = members.map(({ name, type: [before, after], inWords }) => {
    const note = inWords === undefined ? "" : ` /* room for: ${inWords} */`;
    return `    ${before}${name}${after};${note}\n`;
  });
  const begun = members.flatMap((member) => beginOf(member, `shadow->${member.name}`));
  const [first] = members;
  const text = `${comment(
    `${type} has new members, and the objects that exist have no room for them: they are in a shadow`,
    `variable beside each object (xsplice/shadow.h). In the patch, leave ${type} as it is, and`,
    ` - copy "struct ${shadow}" and the declarations of the two functions below into a header or C file of it;`,
    ` - write ${shadow}(object)->${first?.name} for object->${first?.name}. It is NULL without memory, and with`,
    "   interrupts off before the first use: decide what the code does then;",
    ` - call ${shadow}_free(object) where the object itself is freed. Otherwise a new object at the same address`,
    "   begins with the values of the old one.",
    `${TODO} an object that is older than the payload begins as a new one does.`,
    ...(others.length === 0 ? [] : ["Not in this draft:", ...others.map((text) => ` - ${text}`)]),
  )}
${others.length === 0 ? "" : `#error "have the patch do without what else changes in ${type}, or add it to struct ${shadow}, and remove this line"\n`}${header === undefined ? `${type};\n` : ""}struct ${shadow} {
${fields.join("")}};
struct ${shadow} *${shadow}(const ${type} *object);
void ${shadow}_free(const ${type} *object);

XSPLICE_SHADOW(${key})

static void cf_check ${shadow}_begin(void *value)
{
    struct ${shadow} *shadow = value;

    /* ${TODO} what else does not begin as zero. */
${begun.length > 0 ? begun.join("") : "    (void)shadow;\n"}}

struct ${shadow} *${shadow}(const ${type} *object)
{
    return xsplice_shadow_alloc_with(object, "${key}", sizeof(struct ${shadow}), ${shadow}_begin);
}

void ${shadow}_free(const ${type} *object)
{
    xsplice_shadow_free(object, "${key}");
}
`;
  const headers = [
    ...(header === undefined ? [] : [header]),
    ...members.flatMap((member) => member.headers),
    "xsplice/shadow.h",
  ];
  return { headers, text, state: others.length === 0 ? "complete" : "edit" };
}

/** XSPLICE_SHADOW_NAME_MAX of xsplice/shadow.h. */
const SHADOW_NAME_MAX = 63;

/**
 * Payloads that use the same name share the values, so that another fix of the structure needs another one.
 * One that is too long ends with a digest of all of it.
 */
function shadowName(structure: string, members: readonly Declaration[]): string {
  const name = [structure, ...members.map((member) => member.name)].join("_");
  if (name.length <= SHADOW_NAME_MAX) return name;
  const digest = sha256(name).slice(0, 8);
  return `${name.slice(0, SHADOW_NAME_MAX - digest.length - 1)}_${digest}`;
}

/** What must not be zero, by the names that the types have in debug information; a line each. */
function beginOf({ type: [before, after] }: Declaration, place: string): readonly string[] {
  const call = after === "" ? beginnings[before.trim()] : undefined;
  return call === undefined ? [] : [`    ${call}(&${place});\n`];
}

const beginnings: Readonly<Record<string, string>> = {
  "struct spinlock": "spin_lock_init",
  spinlock_t: "spin_lock_init",
  rspinlock_t: "rspin_lock_init",
  rwlock_t: "rwlock_init",
  "struct list_head": "INIT_LIST_HEAD",
};
