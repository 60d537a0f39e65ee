// Holds what a command printed with --json against its forms: every test that runs one in this process
// does so (test/run-cli.ts), and those that start one.

import assert from "node:assert/strict";
import * as v from "valibot";
import { optionNames, optionTakesValue } from "../../src/cli/option-spec.ts";
import { globalOptionSpecs } from "../../src/cli/options/global.ts";
import { type DocumentName, documents } from "../../src/documents/documents.ts";
import { formsOf } from "./json-schema.ts";

/** @param args of xsplice, as they were given */
export function checkDocument(args: readonly string[], stdout: string): void {
  const end = args.indexOf("--");
  const own = end < 0 ? args : args.slice(0, end);
  if (!own.includes("--json") || own.includes("--help") || own.includes("-h")) return;
  const name = documentOf(own);
  if (own.includes("--version") || name === "vex") return;
  for (const line of stdout.split("\n").filter((one) => one !== "")) {
    const forms = name === undefined ? documents.error : formsOf(name);
    requireForm(line, forms, `xsplice ${args.join(" ")}`);
  }
}

/** `undefined` where there is no such command: it can only fail. */
function documentOf(args: readonly string[]): DocumentName | "vex" | undefined {
  const takeValue = globalOptionSpecs.filter(optionTakesValue).flatMap(optionNames);
  const words = args.filter(
    (word, index) => !word.startsWith("-") && !takeValue.includes(args[index - 1] ?? ""),
  );
  const names = [words.slice(0, 3), words.slice(0, 2), words.slice(0, 1)].map((one) =>
    one.join(" "),
  );
  return names.find((name): name is DocumentName | "vex" => name === "vex" || name in documents);
}

function requireForm(line: string, forms: readonly v.GenericSchema[], printed: string): void {
  const value: unknown = JSON.parse(line);
  const results = forms.map((form) => v.safeParse(form, value));
  const fitting = results.find(({ success }) => success);
  if (fitting !== undefined) {
    // Forms of others ignore what they do not name.
    assert.deepEqual(
      plain(fitting.output),
      value,
      `${printed} printed what its form does not name`,
    );
    return;
  }
  const words = results.map(({ issues = [] }) => issues.slice(0, 3).map(wordsOf).join("; "));
  assert.fail(
    `${printed} printed what fits none of its forms (src/documents/):\n  ${words.join("\n  ")}\n${line.slice(0, 2000)}`,
  );
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function wordsOf({ message, path }: v.BaseIssue<unknown>): string {
  return `${(path ?? []).map(({ key }) => String(key)).join(".")}: ${message}`;
}
