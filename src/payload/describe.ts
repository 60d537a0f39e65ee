// The contents of a payload, as text for people and as a value for JSON.

import { hexNumber, toHex } from "../bytes/hex.ts";
import { type ErrorReport, formatReport } from "../error.ts";
import { hookRules } from "../xen-abi/hooks.ts";
import type { PayloadFinding } from "./finding.ts";
import type { Inspection } from "./inspect.ts";
import { type JsonOf, jsonOf } from "./json-value.ts";
import type { OldAddress, PayloadContents, PayloadFunction, Target } from "./payload.ts";
import { printable } from "./printable.ts";

export interface DescribeOptions {
  /** The most lines of a long list; further ones are only counted. */
  readonly listLinesMax: number;
  /** Other facts about the payload, shown between its tables and its findings. */
  readonly more?: readonly Paragraph[];
}

export interface Paragraph {
  readonly heading: string;
  /** Omitted if it has no lines. */
  readonly lines: readonly string[];
}

/** Paragraphs with a heading each, ending with a newline; the findings come last. */
export function describePayload(inspection: Inspection, options: DescribeOptions): string {
  const { contents, findings } = inspection;
  const cut = (lines: readonly string[]) => shorten(lines, options.listLinesMax);
  const reasons = reasonsByFunction(contents);
  const changing = contents.functions.filter(({ kind }) => kind !== "guard");
  const checks = contents.functions.filter(({ kind }) => kind === "guard");
  const paragraphs: readonly Paragraph[] = [
    { heading: `Live patch ${contents.source}`, lines: generalLines(contents) },
    {
      heading: `Functions of the hypervisor (${contents.functions.length})`,
      lines: cut([
        ...changing.map((entry) => functionLines(entry, reasons.get(entry.name ?? ""))),
        ...(Number.isFinite(options.listLinesMax)
          ? checkedLines(checks)
          : checks.map(functionLine)),
      ]),
    },
    { heading: "Hooks, called by the hypervisor", lines: contents.hooks.map(hookLine) },
    { heading: "Metadata, shown by list", lines: contents.metadata },
    { heading: "Made from", lines: [...originLines(contents), ...sourceLines(contents)] },
    { heading: "Needed from the hypervisor or from another payload", lines: cut(contents.needs) },
    {
      heading: "Exported to other payloads",
      lines: cut(contents.exports.map((symbol) => `${symbol.name}  (${bytes(symbol.sizeBytes)})`)),
    },
    { heading: "Loaded into the hypervisor", lines: sectionLines(contents) },
    ...(options.more ?? []).map(({ heading, lines }) => ({ heading, lines: cut(lines) })),
    { heading: "What is wrong with it", lines: findings.map(findingLine) },
  ];
  return paragraphs
    .filter(({ lines }) => lines.length > 0)
    .map(({ heading, lines }) => `${printable(heading)}\n${lines.map(indent).join("\n")}\n`)
    .join("\n");
}

type FlatFinding = ErrorReport & Pick<PayloadFinding, "severity">;

/** The same facts for scripts. */
export function payloadToJson({
  contents,
  findings,
}: Inspection): JsonOf<PayloadContents & { readonly findings: readonly FlatFinding[] }> {
  const flat = findings.map(({ severity, report }) => ({ severity, ...report }));
  return jsonOf({ ...contents, findings: flat });
}

function generalLines(contents: PayloadContents): string[] {
  const onTop = contents.depends === contents.xenDepends ? ", the hypervisor itself" : "";
  const facts: (readonly [string, string])[] = [
    ["size", bytes(contents.sizeBytes)],
    ["architecture", contents.architecture],
    ["version", contents.version === undefined ? "?" : `${contents.version}${eraOf(contents)}`],
    ["build-id", contents.buildId ?? "?"],
    ["made for", contents.xenDepends ?? "any hypervisor"],
    ["sits on", `${contents.depends ?? "?"}${onTop}`],
  ];
  return facts.map(([name, value]) => `${name.padEnd(13)} ${value}`);
}

/** Complete digests, so that they can be compared. */
function originLines({ origin }: PayloadContents): readonly string[] {
  if (origin === undefined) return [];
  const patches = origin.patches.map(({ name, sha256 }) => `patch          ${sha256}  ${name}`);
  return [
    `source         ${origin.source}`,
    `configuration  ${origin.config}`,
    `compiler       ${origin.compiler}`,
    ...patches,
  ];
}

function sourceLines({ sources, origin }: PayloadContents): readonly string[] {
  if (sources === undefined) return [];
  const files = sources.files.map(({ name, sha256 }) => `text           ${sha256}  ${name}`);
  return origin === undefined ? [`compiler       ${sources.compiler}`, ...files] : files;
}

function eraOf({ version }: PayloadContents): string {
  return version === 1 ? " (Xen 4.7 to 4.13)" : " (Xen 4.14 and later)";
}

function reasonsByFunction({ reasons }: PayloadContents): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { function: name, text } of reasons ?? []) {
    const texts = found.get(name) ?? [];
    texts.push(text);
    found.set(name, texts);
  }
  return found;
}

/** One string: a list may be truncated after an entry with its reasons, not between them. */
function functionLines(entry: PayloadFunction, reasons: readonly string[] = []): string {
  return [functionLine(entry), ...reasons.map((text) => `    because: ${text}`)].join("\n");
}

/** The old code of a function is compared in pieces, since an entry has room for few bytes. */
function checkedLines(checks: readonly PayloadFunction[]): readonly string[] {
  const groups = new Map<string, PayloadFunction[]>();
  for (const entry of checks) {
    const name = entry.name?.replace(/\+\d+$/, "") ?? "";
    groups.set(name, [...(groups.get(name) ?? []), entry]);
  }
  return [...groups].map(([name, entries]) => {
    const [first] = entries;
    if (first !== undefined && entries.length === 1) return functionLine(first);
    const size = entries.reduce((sum, { expectation }) => sum + (expectation?.length ?? 0), 0);
    return `${name} is only checked, in ${entries.length} pieces of ${bytes(size)} together; --all shows them`;
  });
}

function functionLine(entry: PayloadFunction): string {
  const name = entry.name ?? "(no name)";
  const old = addressText(entry.oldAddress, name);
  const expected =
    entry.expectation === undefined ? "" : `, if it starts with ${toHex(entry.expectation)}`;
  switch (entry.kind) {
    case "replace": {
      const by = `${targetText(entry.newAddress)} (${bytes(entry.newSize)})`;
      return `${name}${old} (${bytes(entry.oldSize)}) is replaced by ${by}${expected}`;
    }
    case "nop":
      return `${name}${old} (${bytes(entry.oldSize)}) gets ${bytes(entry.newSize)} of no-operations${expected}`;
    case "guard":
      return `${name}${old} is only checked${expected}`;
  }
}

/** The old function's address, if its name does not show it. */
function addressText(address: OldAddress, name: string): string {
  if (address.kind === "name") return "";
  const text = targetText(address);
  return text === name ? "" : ` at ${text}`;
}

function targetText(target: Target): string {
  switch (target.kind) {
    case "own":
      return target.symbol ?? `${target.section}+${hexNumber(target.offset)}`;
    case "symbol": {
      if (target.addend === 0n) return target.symbol;
      const sign = target.addend < 0n ? "-" : "+";
      const distance = target.addend < 0n ? -target.addend : target.addend;
      return `${target.symbol}${sign}${hexNumber(distance)}`;
    }
    case "address":
      return hexNumber(target.address);
  }
}

function hookLine({ kind, target }: PayloadContents["hooks"][number]): string {
  return `${kind}: ${targetText(target)}  (${hookRules[kind].when})`;
}

function sectionLines({ sections }: PayloadContents): string[] {
  const loaded = sections.filter((section) => section.loaded !== "no" && section.sizeBytes > 0);
  const width = Math.max(0, ...loaded.map(({ name }) => name.length));
  return loaded.map(
    ({ name, loaded: how, sizeBytes }) => `${name.padEnd(width)}  ${how}, ${bytes(sizeBytes)}`,
  );
}

function findingLine({ severity, report }: PayloadFinding): string {
  return `${severity}: ${formatReport(report)}`;
}

function shorten(lines: readonly string[], limit: number): readonly string[] {
  if (lines.length <= limit) return lines;
  return [...lines.slice(0, limit), `… and ${lines.length - limit} more`];
}

function indent(text: string): string {
  return printable(text).replaceAll(/^/gm, "  ");
}

function bytes(count: number): string {
  return count === 1 ? "1 byte" : `${count.toLocaleString("en-US")} bytes`;
}
