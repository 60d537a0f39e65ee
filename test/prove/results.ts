// The last result of each trigger on each hypervisor: kept in docs/proofs.json, shown in docs/proofs.md.

import * as v from "valibot";
import { type Described, decodeJson } from "../../src/json/decode-json.ts";
import { maybe } from "../../src/json/fields.ts";
import { findTrigger, triggerNames } from "../../src/prove/find-trigger.ts";

const resultSchema = v.object({
  base: v.string(),
  trigger: v.string(),
  /**
   * "shown": the hole is there, and no payload could be tried. "no-hole": the hypervisor does not have
   * it. "lacking": what the trigger needs is not there.
   */
  result: v.picklist(["closed", "not-closed", "not-shown", "shown", "no-hole", "lacking"]),
  words: v.string(),
  /** What a payload that does something else gave; it must not be "closed". */
  control: maybe(v.string()),
  seconds: v.number(),
  on: v.string(),
});
const fileSchema = v.object({ results: v.array(resultSchema) });

export type ProvedResult = Described<typeof resultSchema>;

export function readResults(text: string | undefined): readonly ProvedResult[] {
  if (text === undefined) return [];
  const decoded = decodeJson(text, fileSchema);
  if (decoded.kind === "value") return decoded.value.results;
  throw new Error(`docs/proofs.json cannot be read: ${decoded.problem}`);
}

/** Newer ones take the place of older ones for the same hypervisor and trigger. */
export function mergeResults(
  old: readonly ProvedResult[],
  found: readonly ProvedResult[],
): readonly ProvedResult[] {
  const key = ({ base, trigger }: ProvedResult): string => `${base}\0${trigger}`;
  const newer = new Set(found.map(key));
  const all = [...old.filter((result) => !newer.has(key(result))), ...found];
  return all.sort((left, right) => (key(left) < key(right) ? -1 : 1));
}

export function writeResults(results: readonly ProvedResult[]): string {
  return `${JSON.stringify({ results }, undefined, 2)}\n`;
}

const shortWords: Readonly<Record<ProvedResult["result"], string>> = {
  closed: "**closed**",
  "not-closed": "NOT CLOSED",
  "not-shown": "not shown",
  shown: "hole shown, no payload",
  "no-hole": "no hole",
  lacking: "lacks what it needs",
};

export function renderResults(results: readonly ProvedResult[]): string {
  const bases = [...new Set(results.map(({ base }) => base))];
  const cell = (trigger: string, base: string): string => {
    const found = results.find((one) => one.trigger === trigger && one.base === base);
    return found === undefined ? "" : shortWords[found.result];
  };
  const rows = triggerNames().map((name) => {
    const { cve, title } = findTrigger(name).text;
    return `| \`${name}\` | ${cve} | ${title} | ${bases.map((base) => cell(name, base)).join(" | ")} |`;
  });
  const details = results.map(
    ({ base, trigger, result, words, control, seconds, on }) =>
      `| ${base} | \`${trigger}\` | ${result} | ${words.replaceAll("|", "\\|")} | ${control ?? ""} | ${seconds.toFixed(0)} s | ${on} |`,
  );
  return `# The triggers and their last results

Made by \`npm run prove\` ([how](guides/prove.md#all-triggers)). **closed**: the hole shows without the payload, nothing happens
with it on a hypervisor that is well, and the hole shows again after the revert.

| trigger | CVE | what it is | ${bases.join(" | ")} |
| --- | --- | --- |${bases.map(() => " --- |").join("")}
${rows.join("\n")}

## What was seen

Control: the same with a payload that does something else; it must not be "closed".

| hypervisor | trigger | result | what was seen | control | time | on |
| --- | --- | --- | --- | --- | --- | --- |
${details.join("\n")}
`;
}
