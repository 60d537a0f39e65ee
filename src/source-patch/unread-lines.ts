// Holds that nothing of a patch file is passed over. patch(1), git and our parser take every line that
// they do not know for words; so a file that has, beside good hunks, a change in another form loses
// that change without a sound. Words are free: mails, commit messages, comments between files. A line
// that some tool writes for a change, in a form that is not read here, is no word: the file is refused,
// with the line.

import { BuildError } from "../build-outcome/build-error.ts";

/** @throws BuildError build/bad-patch, which shows the first line that nothing here has read */
export function requireAllRead(name: string, lines: readonly PatchLine[]): void {
  let isMessage = false;
  for (const line of lines) {
    if (/^From [0-9a-f]{40} /.test(line.text)) isMessage = true;
    if (line.text === "---" || /^diff --git /.test(line.text)) isMessage = false;
    const form = formOf(line);
    // Between its own two marks a message of git may quote what it likes.
    if (form !== undefined && !isMessage) throw unread(name, line, form);
  }
  const cut = findWithoutHunks(lines);
  if (cut !== undefined) throw unread(name, cut, "a file that changes, without its hunks");
}

export interface PatchLine {
  readonly text: string;
  /** From 1. */
  readonly number: number;
  /** `hunk`: between the header of a hunk and the end that the header's counts say. */
  readonly part: "outside" | "hunk-header" | "hunk";
  /** Whether it stands right after the last line of a hunk. */
  readonly followsHunk: boolean;
}

const hunkHeader = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/;

/** Which line belongs to a hunk, by the counts of its header. */
export function splitPatchLines(text: string): readonly PatchLine[] {
  let [oldLeft, newLeft] = [0, 0];
  let previous: PatchLine["part"] = "outside";
  return text.split("\n").map((line, index): PatchLine => {
    const isInside =
      oldLeft > 0 || newLeft > 0 || (previous !== "outside" && line.startsWith("\\"));
    const followsHunk = !isInside && previous !== "outside";
    const counts = isInside ? null : hunkHeader.exec(line);
    if (counts !== null) [oldLeft, newLeft] = [Number(counts[1] ?? 1), Number(counts[2] ?? 1)];
    if (isInside) {
      if (!line.startsWith("+") && !line.startsWith("\\")) oldLeft--;
      if (!line.startsWith("-") && !line.startsWith("\\")) newLeft--;
    }
    previous = counts !== null ? "hunk-header" : isInside ? "hunk" : "outside";
    return { text: line, number: index + 1, part: previous, followsHunk };
  });
}

/** What a line is that stands outside of every hunk; `undefined` for what is read, and for words. */
function formOf({ text, part, followsHunk }: PatchLine): string | undefined {
  if (part !== "outside") return undefined;
  const isSignature = /^-- ?\r?$/.test(text);
  if (followsHunk && /^[-+ ]/.test(text) && !/^(---|\+\+\+)\s/.test(text) && !isSignature) {
    return "a line more than the header of its hunk says";
  }
  return otherForms.find(({ pattern }) => pattern.test(text))?.form;
}

/** As git, diffutils, Subversion and Mercurial write them. */
const otherForms: readonly { readonly pattern: RegExp; readonly form: string }[] = [
  { pattern: /^diff --(cc|combined) |^@@@+ /, form: "a combined diff of a merge" },
  { pattern: /^@@(\s|$)/, form: "the header of a hunk that cannot be read" },
  { pattern: /^.+@@ -\d+(,\d+)? \+\d+(,\d+)? @@/, form: "a diff that is indented or quoted" },
  { pattern: /^\*{15}|^\*\*\* \d+(,\d+)? \*{4}/, form: "a context diff" },
  { pattern: /^\d+(,\d+)?[acd](\d+(,\d+)?)?\r?$/, form: "a diff in the normal or the ed form" },
  { pattern: /^[ad]\d+ \d+\r?$/, form: "a diff in the form of RCS" },
  { pattern: /^Only in .+: ./, form: "a file that only one of the two sides has" },
  { pattern: /^Common subdirectories: /, form: "directories that diff did not compare (diff -r)" },
  { pattern: /^Files? .+ (differ|while file .+)\r?$/, form: "a difference without its content" },
  { pattern: /^Binary file .+ has changed/, form: "a difference without its content" },
  { pattern: /^Submodule .+:?$/, form: "a change of a submodule" },
  {
    pattern: /^Content-Transfer-Encoding:\s*(base64|quoted-printable)/i,
    form: "a mail whose text is encoded",
  },
];

/**
 * A file that is named as changed, with nothing of the change after it: `diff -u a b` or `+++ b` with
 * no hunk, or git's `index 1..2` of one that is neither binary nor empty.
 */
function findWithoutHunks(lines: readonly PatchLine[]): PatchLine | undefined {
  let open: PatchLine | undefined;
  let header = "";
  for (const line of lines) {
    const { text, part } = line;
    const isGit = header.startsWith("diff --git ");
    if (part === "hunk-header") open = undefined;
    if (part !== "outside") continue;
    if (/^diff -/.test(text)) {
      if (open !== undefined) return open;
      header = text;
      // All that git tells of a file may stand in the lines of its header: a rename, a mode.
      if (!text.startsWith("diff --git ")) open = line;
    } else if (isOfOtherFile(header, lines, line)) {
      if (open !== undefined) return open;
      header = "";
    } else if (/^\+\+\+ ./.test(text)) {
      open = line;
    } else if (isGit && isChangedBlob(text)) {
      open = line;
    } else if (/^GIT binary patch\r?$|^Binary files .+ differ\r?$/.test(text)) {
      if (!isGit) return line;
      open = undefined;
    }
  }
  return open;
}

/** Whether a line `--- a` begins another file than the `diff` line above it, which has no hunks then. */
export function isOfOtherFile(
  header: string,
  lines: readonly PatchLine[],
  { text, number, part }: PatchLine,
): boolean {
  const next = lines[number]?.text ?? ""; // Numbers count from 1.
  if (part !== "outside" || !/^--- ./.test(text) || !/^\+\+\+ ./.test(next)) return false;
  const names = [text, next].map((line) => line.slice(4).replace(/[\t\r].*$/, ""));
  // Only git writes the names alike; Mercurial, say, has `a/` in one of the lines alone.
  const isGit = header.startsWith("diff --git ");
  const known = (name: string) => header.includes(isGit ? name : name.replace(/^.*\//, ""));
  return names.every((name) => name === "/dev/null" || !known(name));
}

/** git's name of the content of an empty file, in as many digits as the line has. */
const EMPTY_BLOB = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

function isChangedBlob(text: string): boolean {
  const [, before, after] = /^index ([0-9a-f]{4,})\.\.([0-9a-f]{4,})/.exec(text) ?? [];
  if (before === undefined || after === undefined || before === after) return false;
  const isNothing = (blob: string) => /^0+$/.test(blob) || EMPTY_BLOB.startsWith(blob);
  return !(isNothing(before) && isNothing(after));
}

function unread(name: string, { text, number }: PatchLine, form: string): BuildError {
  return new BuildError({
    code: "build/bad-patch",
    problem: `Cannot read patch "${name}": line ${number} is ${form}`,
    where: `line ${number}: ${text.length > 100 ? `${text.slice(0, 100)}…` : text}`,
    expected: "changes as `git diff` or `diff -ru` write them, each line from its first column on",
    remedy: "write this change as a unified diff; if the line is only words, take it out",
  });
}
