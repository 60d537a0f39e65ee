// The formats of the entries in Linux's tables for x86-64, from its public headers.
import type { TableField, TableLayout } from "xsplice/diff";
import type { LinuxLayout } from "./layout.ts";

function field(
  offset: number,
  size: TableField["size"],
  meaning: TableField["meaning"],
  more: Partial<TableField> = {},
): TableField {
  return { offset, size, meaning, ...more };
}

const distance = { relativeTo: "field" } as const;
const address = { relativeTo: "absolute" } as const;

/** struct alt_instr: the instruction, what may replace it, the CPU feature, and both lengths. */
export function alternativeTable({ alternativeSize: entrySize }: LinuxLayout): TableLayout {
  const lengthAt = entrySize === 14 ? 13 : 11;
  const values = [8, 9, 10, 11, 12, 13].filter((offset) => offset < entrySize);
  return {
    entrySize,
    fields: [
      field(0, 4, "owner", distance),
      field(4, 4, "place", { ...distance, lengthAt }),
      ...values.map((offset) => field(offset, 1, "value")),
    ],
  };
}

/** struct bug_entry: the trap, the name of the file, the line, and flags. */
export function bugTable({ bugFileFrom }: LinuxLayout): TableLayout {
  return {
    entrySize: 12,
    fields: [
      field(0, 4, "owner", distance),
      field(4, 4, "place", { relativeTo: bugFileFrom }),
      field(8, 2, "line"),
      field(10, 2, "value"),
    ],
  };
}

/** struct exception_table_entry: the instruction that may fault, where to go on, and how. */
export function exceptionTable({ exceptionSize: entrySize }: LinuxLayout): TableLayout {
  const places = [field(0, 4, "owner", distance), field(4, 4, "place", distance)];
  // A function in older kernels, a number in newer ones, which has no relocation.
  const handler = field(8, 4, "place", distance);
  return { entrySize, fields: entrySize === 8 ? places : [...places, handler] };
}

/** struct jump_entry: the instruction that is switched, where it then leads, and its key. */
export function jumpTable({ jumpSize: entrySize }: LinuxLayout): TableLayout {
  return {
    entrySize,
    fields:
      entrySize === 24
        ? [
            field(0, 8, "owner", address),
            field(8, 8, "place", address),
            field(16, 8, "place", address),
          ]
        : [
            field(0, 4, "owner", distance),
            field(4, 4, "place", distance),
            field(8, 8, "place", distance),
          ],
  };
}

/** struct paravirt_patch_site. */
export const paravirtTable: TableLayout = {
  entrySize: 16,
  fields: [
    field(0, 8, "owner", address),
    field(8, 1, "value"),
    field(9, 1, "value"),
    field(10, 2, "value"),
    field(12, 4, "padding"),
  ],
};

/** struct static_call_site: the call and its key, whose lowest bits are flags. */
export const staticCallTable: TableLayout = {
  entrySize: 8,
  fields: [field(0, 4, "owner", distance), field(4, 4, "place", distance)],
};

/** Instructions that are changed together when the kernel boots. */
export const siteTable: TableLayout = { entrySize: 4, fields: [field(0, 4, "owner", distance)] };

/** Addresses of functions, or of their calls of __fentry__. */
export const addressTable: TableLayout = { entrySize: 8, fields: [field(0, 8, "owner", address)] };

/** struct _ddebug: after four pointers 18 bits with the line, then flags and the key that switches it. */
export const debugMessage: TableLayout = { fields: [field(32, 4, "line", { lineBits: 18 })] };

/** struct pi_entry: a format, a function and a file, then the line. */
export const printkEntry: TableLayout = { fields: [field(24, 4, "line")] };

/** struct source_location: a file, a line and a column; what follows says what was undefined. */
export const undefinedBehaviour: TableLayout = {
  fields: [field(8, 4, "line"), field(12, 4, "line")],
};
