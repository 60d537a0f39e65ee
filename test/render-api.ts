// docs/api.md from the public API: for each door what it is for, an example, and its names.

import type { ApiEntry, Declaration, Door } from "./read-api.ts";

const SIGNATURE_LENGTH_MAX = 110;

/** @param exampleOf the code of a door's example */
export function renderApi(doors: readonly Door[], exampleOf: (door: string) => string): string {
  return [
    "# The library",
    "",
    "What `xsplice` offers to programs: each door is one export path. This page is made from the code;",
    "`UPDATE_GOLDEN=1` and `test/api.test.ts` renew it. The examples lie in `examples/api/`, and tests run them.",
    "What has no door is inner, and may change with every release. Errors are `XspliceError`s",
    "(`xsplice/error`); what is thrown otherwise is a bug.",
    "",
    "| door | what it is for |",
    "| --- | --- |",
    ...doors.map(
      ({ name, about }) => `| [\`xsplice/${name}\`](#xsplice${name}) | ${firstSentence(about)} |`,
    ),
    ...doors.flatMap((door) => renderDoor(door, exampleOf(door.name))),
    "",
  ].join("\n");
}

function firstSentence(about: string): string {
  return /^.*?\.(?= |$)/.exec(about)?.[0] ?? about;
}

function renderDoor({ name, about, entries }: Door, example: string): readonly string[] {
  const sorted = entries.toSorted((left, right) => (left.name < right.name ? -1 : 1));
  const ofKind = (...kinds: readonly Declaration["kind"][]): readonly ApiEntry[] =>
    sorted.filter(({ declaration }) => kinds.includes(declaration.kind));
  return [
    "",
    `## xsplice/${name}`,
    "",
    about,
    "",
    "```ts",
    example.trimEnd(),
    "```",
    ...list("Functions", ofKind("function")),
    ...list("Classes", ofKind("class")),
    ...list("Constants", ofKind("const")),
    ...list("Types", ofKind("interface", "type")),
  ];
}

function list(heading: string, entries: readonly ApiEntry[]): readonly string[] {
  if (entries.length === 0) return [];
  return ["", `**${heading}**`, "", ...entries.map(renderEntry)];
}

function renderEntry({ name, declaration }: ApiEntry): string {
  const shown = declaration.kind === "function" ? signatureOf(declaration) : name;
  const about = [...sentencesOf(declaration.about), ...membersOf(declaration)];
  return `- \`${shown}\`${about.length === 0 ? "" : `: ${about.join(" ")}`}`;
}

/** What is longer than a line has only its name. */
function signatureOf({ name, text }: Declaration): string {
  const [first = ""] = text.split("\n");
  const signature = first.replace(/^export declare function /, "").replace(/;$/, "");
  const isWhole = first.endsWith(";") && signature.length <= SIGNATURE_LENGTH_MAX;
  return isWhole ? signature : `${name}(…)`;
}

/** Sentences of a comment, its tags included. */
function sentencesOf(about: string): readonly string[] {
  const [text = "", ...tags] = about.split(/ ?@(?=throws|param)/);
  const sentences = [
    text,
    ...tags.map((tag) => tag.replace(/^throws/, "Throws").replace(/^param (\w+)/, "`$1`:")),
  ];
  return sentences
    .filter((sentence) => sentence !== "")
    .map((sentence) => sentence.replace(/[^.]$/, "$&."));
}

/** Of a class, what can be called. */
function membersOf({ kind, text }: Declaration): readonly string[] {
  if (kind !== "class") return [];
  const calls = [...text.matchAll(/^ {4}(?:static )?(\w+)(?:<[^>]*>)?\(/gm)].map(
    ([, name]) => name,
  );
  const names = [...new Set(calls)].filter((name) => name !== "constructor");
  return names.length === 0 ? [] : [`Methods: ${names.map((name) => `\`${name}()\``).join(", ")}.`];
}
