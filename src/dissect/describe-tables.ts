// Decoded special tables as lines for people, one an entry.

import type { Paragraph } from "../payload/describe.ts";
import type { SpecialEntry } from "./special-entry.ts";
import type { DecodedTable } from "./special-tables.ts";

const titles: Readonly<Record<SpecialEntry["kind"], string>> = {
  alternative: "Code that the hypervisor rewrites for its CPU",
  "call-site": "Indirect calls that the hypervisor makes direct",
  exception: "Instructions that may fault",
  "bug-frame": "Warnings, bugs and assertions in the code",
};

export function describeTables(tables: readonly DecodedTable[]): readonly Paragraph[] {
  return tables.map(({ section, entries, bytesLeft }) => {
    const [first] = entries;
    const title = first === undefined ? "Table without entries" : titles[first.kind];
    const left = bytesLeft > 0 ? [`${bytesLeft} bytes after the last entry are not an entry`] : [];
    return {
      heading: `${title} (${section}, ${entries.length})`,
      lines: [...entries.map(entryLine), ...left],
    };
  });
}

function entryLine(entry: SpecialEntry): string {
  switch (entry.kind) {
    case "alternative": {
      const { place, replacement, originalSize, replacementSize, paddingSize = 0 } = entry;
      const old = `${originalSize + paddingSize} bytes`;
      const now = replacementSize === 0 ? "NOPs" : `${replacement} (${replacementSize} bytes)`;
      const state = entry.appliesWhen === "present" ? "is present" : "is absent";
      return `${place} (${old}) becomes ${now} if CPU feature ${entry.feature} ${state}`;
    }
    case "call-site":
      return entry.place;
    case "exception":
      return `${entry.place} goes on at ${entry.continuesAt}`;
    case "bug-frame": {
      const { type, place, pointer, line, message } = entry;
      if (type === "run-function") return `${place} runs ${pointer}`;
      const what = message === undefined || type !== "assert" ? "" : ` that ${message}`;
      return `${place}: ${type}${what}, ${pointer} line ${line}`;
    }
  }
}
