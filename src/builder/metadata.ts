// The metadata that an operator sees in a list of payloads. The emitter adds the entries for tools
// before them (payload/metadata-keys.ts).

import type { PatchInput } from "../source-patch/patch-file.ts";
import type { Metadata, PayloadLabel } from "./build-options.ts";

/** Longer titles make lists hard to read. */
const TITLE_LENGTH_MAX = 100;

export function metadataOf(
  patches: readonly PatchInput[],
  { title, metadata: own, toolVersion }: Pick<PayloadLabel, "title" | "metadata" | "toolVersion">,
): Metadata {
  const advisories = advisoriesOf(patches);
  const ours: Metadata = [
    ["title", title ?? titleOf(patches)],
    ...(advisories.length > 0 ? [["xsa", advisories.join(",")] as const] : []),
    ["tool", `xsplice ${toolVersion}`],
  ];
  const overridden = new Set(own.map(([key]) => key));
  return [...ours.filter(([key]) => !overridden.has(key)), ...own];
}

/** The subject of a mail made by git, otherwise the file's name. */
function titleOf([first]: readonly PatchInput[]): string {
  if (first === undefined) return "fix";
  const text = Buffer.from(first.bytes).toString("latin1");
  const [, subject] = /^Subject:[ \t]*((?:[^\n]|\n[ \t])*)/m.exec(headOf(text)) ?? [];
  const title = (subject ?? "")
    .replace(/\s+/g, " ")
    .replace(/^(\[[^\]]*\] *)+/, "")
    .trim();
  const plain = title.replace(/[^\x20-\x7e]/g, "?").slice(0, TITLE_LENGTH_MAX);
  return plain || first.name.replace(/^.*\//, "").replace(/\.(patch|diff)$/, "");
}

/** Numbers of Xen security advisories that the patches name, ascending. */
function advisoriesOf(patches: readonly PatchInput[]): readonly string[] {
  const found = patches.flatMap(({ name, bytes }) => {
    const text = `${name.replace(/^.*\//, "")}\n${headOf(Buffer.from(bytes).toString("latin1"))}`;
    return [...text.matchAll(/\bxsa-?(\d{1,4})(?!\d)/gi)].map(([, number]) => Number(number));
  });
  return [...new Set(found)].sort((left, right) => left - right).map(String);
}

/** Only the text before the changes: hunks may mention advisories that they do not fix. */
function headOf(text: string): string {
  const start = text.search(/^(diff |--- |Index: )/m);
  return start < 0 ? text : text.slice(0, start);
}
