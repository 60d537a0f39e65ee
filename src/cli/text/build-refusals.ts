// Why a fix cannot be live patched, as text: each cause in full, and under it one line for each
// consequence. The JSON has everything.

import type { BuildRefusal } from "../../build-outcome/refusal.ts";

/** The most consequences that are shown for one cause. */
const FOLLOWING_MAX = 5;
const COLUMN = " ".repeat(12);

/** The number of independent reasons, and of their consequences. */
export function countOfRefusals(refusals: readonly BuildRefusal[]): string {
  const own = refusals.filter(isCause).length;
  const following = refusals.length - own;
  const words = `${own} reason${own === 1 ? "" : "s"}`;
  if (following === 0) return words;
  return `${words}, and ${following} more that ${following === 1 ? "follows" : "follow"} from ${own === 1 ? "it" : "them"}`;
}

/** `refusals` with causes first, each followed by its consequences. */
export function renderRefusals(refusals: readonly BuildRefusal[]): readonly string[] {
  return refusals.flatMap((refusal, index) => {
    if (!isCause(refusal)) return [];
    const behind = refusals.slice(index + 1);
    const end = behind.findIndex(isCause);
    return renderCause(refusal, end < 0 ? behind : behind.slice(0, end));
  });
}

/** One line for each cause, where the report has the rest. */
export function causesInShort(refusals: readonly BuildRefusal[]): readonly string[] {
  return refusals
    .filter(isCause)
    .map(({ what, rule, reasons }) => `${what} (${rule}): ${reasons[0]}`);
}

function isCause({ causes = [] }: BuildRefusal): boolean {
  return causes.length === 0;
}

function renderCause(
  { rule, what, where, reasons, consequences = [], remedy }: BuildRefusal,
  following: readonly BuildRefusal[],
): string {
  return [
    `${what} (${rule})`,
    ...labelled("because:", reasons),
    ...labelled("so:", bounded(consequences)),
    ...labelled("where:", [where]),
    ...labelled("so, too:", bounded(following.map((one) => oneLine(one, what)))),
    ...labelled("remedy:", remedy === undefined ? [] : [remedy]),
    "",
  ].join("\n");
}

function labelled(label: string, texts: readonly string[]): readonly string[] {
  return texts.map(
    (words, index) =>
      `  ${(index === 0 ? label : "").padEnd(9)} ${words.replaceAll("\n", `\n${COLUMN}`)}`,
  );
}

function bounded(texts: readonly string[]): readonly string[] {
  const rest = texts.length - FOLLOWING_MAX;
  // One more line is as long as "and 1 more".
  return rest <= 1 ? texts : [...texts.slice(0, FOLLOWING_MAX), `and ${rest} more`];
}

function oneLine({ rule, what, where, causes = [] }: BuildRefusal, cause: string): string {
  const others = causes.flatMap((other) => (other.what === cause ? [] : [other.what]));
  const besides = others.length === 0 ? "" : `, also because of ${others.join(", ")}`;
  return `${what} (${rule}), ${where}${besides}`;
}
