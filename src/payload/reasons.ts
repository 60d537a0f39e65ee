// Why each function of a payload gets a new body, in the words of whoever built it, so that the file
// alone tells. Like the symbol map it lies in a section without SHF_ALLOC, which no hypervisor loads
// (ABI reference §2.6), as text that `readelf -p .xsplice.reasons` shows: a first line with the
// version, then one line per reason, the function's name and the words with a tab between.

import { PayloadError } from "./errors.ts";

export const REASONS_SECTION = ".xsplice.reasons";
const HEADER = "xsplice-reasons 1";
/** More than a payload of 2 MiB can have functions for. */
const REASONS_MAX = 100_000;

export interface Reason {
  /** As Xen's own table spells it: `xen_extra_version`, `common/kernel.c#helper`. */
  readonly function: string;
  /** One line: `instruction at +0x1c differs: cmp $4,%eax → cmp $8,%eax`. */
  readonly text: string;
}

/** The section's contents, in the given order. Characters that would break a line become blanks. */
export function encodeReasons(reasons: readonly Reason[]): Uint8Array {
  const lines = reasons.map(({ function: name, text }) => `${onOneLine(name)}\t${onOneLine(text)}`);
  return new TextEncoder().encode(`${[HEADER, ...lines].join("\n")}\n`);
}

function onOneLine(text: string): string {
  return text.replaceAll(/[\t\n\0]/g, " ");
}

/** @throws PayloadError payload/reasons, naming the line, when they are not of version 1 */
export function decodeReasons(bytes: Uint8Array, source: string): readonly Reason[] {
  const [header, ...lines] = decodeText(bytes, source).split("\n");
  if (header !== HEADER) {
    throw refusal(source, 1, `they start with ${JSON.stringify((header ?? "").slice(0, 40))}`);
  }
  if (lines.pop() !== "") throw refusal(source, lines.length + 2, "the last line is cut short");
  if (lines.length > REASONS_MAX) {
    throw refusal(source, REASONS_MAX, `there are ${lines.length}`);
  }
  return lines.map((line, index) => {
    const tab = line.indexOf("\t");
    if (tab >= 0) return { function: line.slice(0, tab), text: line.slice(tab + 1) };
    throw refusal(source, index + 2, `${JSON.stringify(line.slice(0, 80))} has no tab`);
  });
}

function decodeText(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw refusal(source, 1, "they are not UTF-8 text", cause);
  }
}

function refusal(source: string, line: number, state: string, cause?: unknown): PayloadError {
  return new PayloadError(
    {
      code: "payload/reasons",
      problem: `Cannot read the reasons of functions: ${state}`,
      where: `${source}, section "${REASONS_SECTION}", line ${line}`,
      expected: `"${HEADER}", then lines of a function's name, a tab, and words`,
    },
    { cause },
  );
}
