// Where values of a type can be when Xen is patched. What lies on stacks only is gone by then, since
// every CPU stands in the idle loop; what lies anywhere else was laid out by the old code and is read
// by the new. The answer is "stacks" only when the debug information shows nothing else: a pointer
// that could have come from an allocation is enough for "memory".

import { DwarfAttribute as A, DW_OP_ADDR, DW_OP_ADDRX, DwarfTag as T } from "../dwarf/constants.ts";
import { attributeOf, type DebugEntry, hasAttribute } from "../dwarf/entry.ts";
import { bareType, entryAt, isAggregate, type TypeModel, textOf, typeOf } from "../dwarf/model.ts";

export type Reach =
  /** `example`: a variable on a stack. */
  | { readonly kind: "stacks"; readonly example: string }
  | { readonly kind: "memory"; readonly why: string }
  /** The object has no value of this type. */
  | { readonly kind: "unused" };

/** Public interface of Xen: guests read and write these types. */
const GUEST_SHARED_FILE = /(^|\/)include\/(public|compat)\//;

export function reachOf(model: TypeModel, name: string): Reach {
  return new ReachFinder(model).find(name, new Set());
}

/** How an entry uses a type: the number of pointers in between. */
export interface Use {
  readonly type: string;
  readonly pointers: number;
}

class ReachFinder {
  readonly #model: TypeModel;
  readonly #globals: ReadonlyMap<string, string>;
  readonly #uses: ReadonlyMap<string, readonly (Use & { readonly entry: DebugEntry })[]>;

  constructor(model: TypeModel) {
    this.#model = model;
    this.#uses = usesByType(model);
    this.#globals = reachableFromGlobals(model);
  }

  find(name: string, visiting: Set<string>): Reach {
    const type = this.#model.types.get(name);
    const file = type === undefined ? undefined : this.#model.fileOf(type);
    if (file !== undefined && GUEST_SHARED_FILE.test(file)) {
      return memory(`guests share it: it is declared in ${file}`);
    }
    const path = this.#globals.get(name);
    if (path !== undefined) return memory(path);
    let example: string | undefined;
    for (const { entry, pointers } of this.#uses.get(name) ?? []) {
      const found = this.#findUse(entry, pointers, new Set([...visiting, name]));
      if (found.kind === "memory") return found;
      if (found.kind === "stacks") example ??= found.example;
    }
    return example === undefined ? { kind: "unused" } : { kind: "stacks", example };
  }

  #findUse(entry: DebugEntry, pointers: number, visiting: Set<string>): Reach {
    const label = labelOf(entry);
    switch (entry.tag) {
      case T.DW_TAG_member:
        return this.#findMember(entry, visiting);
      case T.DW_TAG_formal_parameter:
        // Of one level, so that it can point to a caller's variable and be given no other.
        if (pointers > 1) return memory(`parameter ${label} can hand out one from anywhere`);
        return pointers === 1 ? { kind: "unused" } : { kind: "stacks", example: label };
      case T.DW_TAG_variable:
        if (pointers > 0) return memory(`pointer ${label} can lead to one from an allocation`);
        return { kind: "stacks", example: label };
      case T.DW_TAG_subprogram:
        if (pointers > 0) return memory(`function ${label} returns the address of one`);
        return { kind: "stacks", example: `what ${label} returns` };
      default:
        return { kind: "unused" };
    }
  }

  /** The place of the containing type decides. */
  #findMember(member: DebugEntry, visiting: Set<string>): Reach {
    let holder = member.parent;
    while (holder !== undefined && this.#model.nameOf(holder) === undefined) holder = holder.parent;
    const name = holder === undefined ? undefined : this.#model.nameOf(holder);
    if (name === undefined || !this.#model.types.has(name)) {
      return memory(`member ${labelOf(member)} of a nameless type holds it`);
    }
    if (visiting.has(name)) return { kind: "unused" };
    const found = this.find(name, visiting);
    return found.kind === "memory" ? memory(`${name} holds it: ${found.why}`) : found;
  }
}

function memory(why: string): Reach {
  return { kind: "memory", why };
}

function usesByType(
  model: TypeModel,
): ReadonlyMap<string, readonly (Use & { readonly entry: DebugEntry })[]> {
  const users: readonly number[] = [
    T.DW_TAG_member,
    T.DW_TAG_formal_parameter,
    T.DW_TAG_variable,
    T.DW_TAG_subprogram,
  ];
  const found = new Map<string, (Use & { readonly entry: DebugEntry })[]>();
  for (const entry of model.info.byOffset.values()) {
    const use = users.includes(entry.tag) ? useOf(model, entry) : undefined;
    if (use === undefined) continue;
    const list = found.get(use.type) ?? [];
    list.push({ ...use, entry });
    found.set(use.type, list);
  }
  return found;
}

export function useOf(model: TypeModel, entry: DebugEntry): Use | undefined {
  let type = bareType(model.info, typeOf(model.info, entry));
  let pointers = 0;
  while (type?.tag === T.DW_TAG_pointer_type || type?.tag === T.DW_TAG_array_type) {
    if (type.tag === T.DW_TAG_pointer_type) pointers++;
    type = bareType(model.info, typeOf(model.info, type));
  }
  const name = type !== undefined && isAggregate(type) ? model.nameOf(type) : undefined;
  return name === undefined ? undefined : { type: name, pointers };
}

/** Named types that a variable in memory leads to, and how. */
function reachableFromGlobals(model: TypeModel): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const queue: { readonly holder: DebugEntry; readonly path: string }[] = [];
  const visit = (entry: DebugEntry, path: string): void => {
    const use = useOf(model, entry);
    const type = use === undefined ? undefined : model.types.get(use.type);
    if (use === undefined || found.has(use.type)) return;
    found.set(use.type, path);
    if (type !== undefined) queue.push({ holder: type, path: `${path} → ${use.type}` });
  };
  for (const entry of model.info.byOffset.values()) {
    if (entry.tag !== T.DW_TAG_variable || !isInMemory(entry)) continue;
    const label = labelOf(entry);
    const isPerCpu = label.startsWith('"per_cpu__');
    visit(originOf(model, entry), `${isPerCpu ? "per-CPU" : "global"} variable ${label}`);
  }
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const member of membersBelow(model, next.holder)) {
      visit(member, `${next.path}, member ${labelOf(member)}`);
    }
  }
  return found;
}

/** Members, and those of nameless types inside. */
function membersBelow(model: TypeModel, holder: DebugEntry): readonly DebugEntry[] {
  return holder.children.flatMap((member) => {
    if (member.tag !== T.DW_TAG_member) return [];
    const type = bareType(model.info, typeOf(model.info, member));
    const isNameless = type !== undefined && isAggregate(type) && model.nameOf(type) === undefined;
    return isNameless ? [member, ...membersBelow(model, type)] : [member];
  });
}

/** Globals, and locals that keep their value. */
export function isInMemory(variable: DebugEntry): boolean {
  const location = attributeOf(variable, A.DW_AT_location);
  const first = location instanceof Uint8Array ? location[0] : undefined;
  if (first === DW_OP_ADDR || first === DW_OP_ADDRX) return true;
  return (
    variable.parent?.tag === T.DW_TAG_compile_unit ||
    hasAttribute(variable, A.DW_AT_external) ||
    hasAttribute(variable, A.DW_AT_declaration)
  );
}

/** The entry that says what another one of the same thing leaves out. */
export function originOf(model: TypeModel, entry: DebugEntry): DebugEntry {
  return (
    entryAt(model.info, entry, A.DW_AT_abstract_origin) ??
    entryAt(model.info, entry, A.DW_AT_specification) ??
    entry
  );
}

/** `"count" of "do_it"` */
export function labelOf(entry: DebugEntry): string {
  const name = textOf(entry, A.DW_AT_name);
  let scope = entry.parent;
  while (scope !== undefined && scope.tag !== T.DW_TAG_subprogram) scope = scope.parent;
  const owner = scope === undefined ? undefined : textOf(scope, A.DW_AT_name);
  return `"${name ?? ""}"${owner === undefined ? "" : ` of "${owner}"`}`;
}
