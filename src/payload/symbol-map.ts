// The symbol map that travels with a payload made by xSplice: which function or object of the
// source became which symbol, so that a later payload can refer to or replace what this one
// brought. It lies in a section without SHF_ALLOC, which no hypervisor loads (ABI reference §2.6),
// as text that `readelf -p .xsplice.symbols` shows: a first line with the version, then one line
// per symbol with its fields between tabs.

import { invariant } from "../invariant.ts";
import { PayloadError } from "./errors.ts";

export const SYMBOL_MAP_SECTION = ".xsplice.symbols";
const HEADER = "xsplice-symbols 1";
/** More lines than a payload of 2 MiB can have symbols for. */
const SYMBOL_MAP_LINES_MAX = 100_000;

/**
 * `replacement`: the new body of a function of Xen; `function`, `data`: brought along by the
 * payload; `hook`: code that Xen calls while it applies or reverts; `marker`: the applied-marker,
 * whose source name is its id in hexadecimal; `cover`: the byte after it for a function that is replaced or
 * brought, by the name that later payloads replace it by (marker.ts); `renamed`: what the hypervisor or a
 * payload below has, under the name that only the patched source gives to it; the exported name is theirs.
 */
export const symbolMapKinds = [
  "replacement",
  "function",
  "data",
  "hook",
  "marker",
  "cover",
  "renamed",
] as const;
export type SymbolMapKind = (typeof symbolMapKinds)[number];

export interface SymbolMapEntry {
  /** As Xen's own table would spell it: `xen_extra_version`, `common/kernel.c#helper`. */
  readonly sourceName: string;
  /**
   * The symbol that later payloads can link against; "" when there is none. A replacement has none: Xen does
   * not export the entry of a new body (ABI reference §2.11), and everybody reaches it through the function's
   * own.
   */
  readonly exportedName: string;
  /** From the exported symbol to what is meant, in bytes: 0 for all but covers. */
  readonly exportedOffset: number;
  readonly kind: SymbolMapKind;
  readonly sizeBytes: number;
}

/** Whether a later payload can bind to it by the name of the source. */
export function isBrought({ kind, exportedName }: SymbolMapEntry): boolean {
  return exportedName !== "" && (kind === "function" || kind === "data" || kind === "hook");
}

export type SymbolMap = readonly SymbolMapEntry[];

/** The section's contents; the order of the entries is kept. */
export function encodeSymbolMap(map: SymbolMap): Uint8Array {
  const lines = map.map((entry) => {
    for (const name of [entry.sourceName, entry.exportedName]) {
      invariant(
        !/[\t\n\0]/.test(name),
        `symbol ${JSON.stringify(name)} would break the symbol map`,
      );
    }
    const { kind, sizeBytes, sourceName, exportedName, exportedOffset } = entry;
    return [kind, sizeBytes, sourceName, exportedName, exportedOffset].join("\t");
  });
  return new TextEncoder().encode(`${[HEADER, ...lines].join("\n")}\n`);
}

/** @throws PayloadError payload/symbol-map, naming the line, when it is not a map of version 1 */
export function decodeSymbolMap(bytes: Uint8Array, source: string): SymbolMap {
  const [header, ...lines] = decodeText(bytes, source).split("\n");
  if (header !== HEADER) {
    throw refusal(source, 1, `it starts with ${JSON.stringify((header ?? "").slice(0, 40))}`, {
      expected: `"${HEADER}"; other versions come from another release of xSplice`,
    });
  }
  if (lines.pop() !== "") throw refusal(source, lines.length + 2, "the last line is cut short");
  if (lines.length > SYMBOL_MAP_LINES_MAX) {
    throw refusal(source, SYMBOL_MAP_LINES_MAX, `it has ${lines.length} lines`);
  }
  return lines.map((line, index) => decodeLine(line, source, index + 2));
}

function decodeText(bytes: Uint8Array, source: string): string {
  try {
    // Without ignoreBOM, a leading U+FEFF would vanish and the text not be what was written.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw refusal(source, 1, "it is not UTF-8 text", { cause });
  }
}

function decodeLine(line: string, source: string, lineNumber: number): SymbolMapEntry {
  const fields = line.split("\t");
  const [kindText, size, sourceName, exportedName, offset] = fields;
  const kind = symbolMapKinds.find((known) => known === kindText);
  const sizeBytes = decodeCount(size);
  const exportedOffset = decodeCount(offset);
  const wellFormed = fields.length === 5 && sourceName !== undefined && exportedName !== undefined;
  if (
    !wellFormed ||
    kind === undefined ||
    sizeBytes === undefined ||
    exportedOffset === undefined
  ) {
    throw refusal(source, lineNumber, `${JSON.stringify(line.slice(0, 80))} is no entry`, {
      expected: "kind, size, source name, exported name and offset with tabs between",
    });
  }
  return { sourceName, exportedName, exportedOffset, kind, sizeBytes };
}

function decodeCount(text: string | undefined): number | undefined {
  return text !== undefined && /^(0|[1-9]\d{0,9})$/.test(text) ? Number(text) : undefined;
}

function refusal(
  source: string,
  line: number,
  state: string,
  more: { expected?: string; cause?: unknown } = {},
): PayloadError {
  return new PayloadError(
    {
      code: "payload/symbol-map",
      problem: `Cannot read the symbol map: ${state}`,
      where: `${source}, section "${SYMBOL_MAP_SECTION}", line ${line}`,
      ...(more.expected === undefined ? {} : { expected: more.expected }),
    },
    { cause: more.cause },
  );
}
