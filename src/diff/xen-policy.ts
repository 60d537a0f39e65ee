// How the comparison reads the sections of Xen's objects. Names are those of Xen's linker scripts and
// section attributes; layouts of tables are in the ABI reference §1.8. What is a table here and not in
// a release is simply absent from its objects.

import type { Architecture } from "../isa/architecture.ts";
import { JUMP_SIZE } from "../isa/jump.ts";
import { ALTERNATIVE_SIZE, alternativeLayoutOf } from "../xen-abi/alternatives.ts";
import { hookKinds } from "../xen-abi/hooks.ts";
import type { Release } from "../xen-abi/release.ts";
import type {
  SectionPolicy,
  SectionRule,
  TableField,
  TableLayout,
  UnsafeFunction,
} from "./policy.ts";

/** Which functions are unsafe is another table, of which the caller knows (xen-abi/unpatchable.ts). */
export function xenSectionPolicy(
  release: Release,
  architecture: Architecture,
  unsafeFunctions: readonly UnsafeFunction[],
): SectionPolicy {
  const alternatives = alternativeTable(
    ALTERNATIVE_SIZE[alternativeLayoutOf(release, architecture)],
  );
  const isX86 = architecture === "x86_64";
  return {
    sections: [
      { name: /^\.altinstructions$/, role: "table", layout: alternatives },
      { name: /^\.alt_call_sites$/, role: "table", layout: altCallTable },
      { name: /^\.bug_frames\.3$/, role: "table", layout: isX86 ? assertTable : armBugTable },
      { name: /^\.bug_frames\.[0-2]$/, role: "table", layout: isX86 ? bugTable : armBugTable },
      { name: /^\.ex_table(\.pre)?$/, role: "table", layout: exceptionTable },
      ...namedSections,
    ],
    unsafeFunctions,
    jumpSize: JUMP_SIZE[architecture],
  };
}

function field(
  offset: number,
  size: TableField["size"],
  meaning: TableField["meaning"],
  more: Partial<TableField> = {},
): TableField {
  return { offset, size, meaning, ...more };
}

const toField = { relativeTo: "field" } as const;
const toEntry = { relativeTo: "entry" } as const;

/** struct alt_instr: original, replacement, feature, lengths; NOP padding and `priv` in 14 bytes. */
function alternativeTable(entrySize: number): TableLayout {
  const plain = [
    field(0, 4, "owner", toField),
    field(4, 4, "place", { ...toField, lengthAt: 11 }),
    field(8, 2, "value"),
    field(10, 1, "value"),
    field(11, 1, "value"),
  ];
  const padded = [field(12, 1, "value"), field(13, 1, "padding")];
  return {
    entrySize,
    fields: entrySize === ALTERNATIVE_SIZE.padded ? [...plain, ...padded] : plain,
  };
}

const altCallTable: TableLayout = { entrySize: 4, fields: [field(0, 4, "owner", toField)] };

/** struct exception_table_entry: the instruction that may fault, and where to go on. */
const exceptionTable: TableLayout = {
  entrySize: 8,
  fields: [field(0, 4, "owner", toField), field(4, 4, "place", toField)],
};

const withLine = { ...toEntry, placeBits: 24 } as const;

/** struct bug_frame of x86: 24 bits of displacement, 7 bits of the line, in both words. */
const bugTable: TableLayout = {
  entrySize: 8,
  fields: [field(0, 4, "owner", withLine), field(4, 4, "place", withLine)],
};

/** With the text of a failed assertion. */
const assertTable: TableLayout = {
  entrySize: 16,
  fields: [...bugTable.fields, field(8, 4, "padding"), field(12, 4, "place", toEntry)],
};

/** struct bug_frame of Arm, where the line has a field of its own. */
const armBugTable: TableLayout = {
  entrySize: 16,
  fields: [
    field(0, 4, "owner", toEntry),
    field(4, 4, "place", toEntry),
    field(8, 4, "place", toEntry),
    field(12, 2, "line"),
    field(14, 2, "padding"),
  ],
};

const namedSections: readonly SectionRule[] = [
  { name: /^\.(fixup|altinstr_replacement)$/, role: "attached-code" },
  { name: /^\.(discard|exit|exitcall|eh_frame|dtors|fini_array)(\.|$)/, role: "discarded" },
  { name: /^\.text\.exit$/, role: "discarded" },
  { name: /^\.note\.(GNU-stack|gnu\.property)$/, role: "discarded" },
  { name: /^\.(debug|zdebug|stab|gnu\.debug)/, role: "debug" },
  { name: /^\.comment$/, role: "producer" },
  { name: /^\.(init|initcall)/, role: "init" },
  { name: /^\.archinfo\.init$/, role: "init" },
  {
    name: new RegExp(`^\\.livepatch\\.hooks\\.(${hookKinds.join("|")})$`),
    role: "called-by-loader",
    purpose: "a payload below has this hook, and Xen calls it as it is there",
  },
  {
    name: /^\.text\.(entry|header|kexec)(\.|$)/,
    role: "unsupported",
    purpose: "entry and start-up code, which runs where no jump can be put",
  },
  { name: /^\.text(\.|$)/, role: "code" },
  { name: /^\.data\.ro_after_init$/, role: "boot-written" },
  { name: /^\.bss\.percpu(\.|$)/, role: "per-cpu" },
  { name: /^\.data\.percpu(\.|$)/, role: "per-cpu" },
  { name: /^\.data\.rel\.ro(\.|$)/, role: "read-only" },
  { name: /^\.rodata(\.|$)/, role: "read-only" },
  {
    name: /^\.data\.(schedulers|param(hypfs)?|vpci\..*)$/,
    role: "unsupported",
    purpose:
      "a list that the linker collects from all files; the hypervisor knows its start and end",
  },
  { name: /^\.(data|bss)(\.|$)/, role: "writable" },
];
