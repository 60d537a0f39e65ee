import { HostError } from "../../host/errors.ts";
import type { LogEntry } from "../../plan/journal-form.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { TopCommand } from "../spec.ts";
import { onOneLine } from "../text/visible.ts";
import { withHost } from "../with-host.ts";

export const logCommand: TopCommand = {
  name: "log",
  description: [
    "Each upload, apply, revert, replace and unload by xSplice, from whichever machine, is in the journal of the host (/var/lib/xsplice/journal.json): its time, the user who gave the command and that user's machine, the result, and what was applied then. The last 100 of this boot are kept, and the last 100 of before.",
    'A result is "done" or the code of the error; "unknown" when whoever began it did not see its end. What other tools do is not in there.',
  ],
  arguments: [],
  options: [],
  examples: [
    { command: "xsplice --host ssh:root@dom0 log", explains: "who did what on that host" },
    {
      command: "xsplice log --json | jq -r '.entries[] | select(.result != \"done\") | .at'",
      explains: "when something failed",
    },
  ],
  kind: "own",
  run: (call) =>
    withHost(call, async (host, options) => {
      const [text, { decodeJournal }] = await Promise.all([
        host.journal?.read(options),
        import("../../plan/journal-json.ts"),
      ]);
      const journal = text === undefined ? undefined : decodeJournal(text);
      if (text !== undefined && journal === undefined) throw unreadable(host.label);
      const entries = [...(journal?.past ?? []), ...(journal?.log ?? [])];
      const { pending } = journal ?? {};
      const underWay = pending && { ...pending, facts: undefined };
      emit(call, "log", { host: host.label, entries, ...(underWay && { underWay }) }, () =>
        render(entries, underWay),
      );
      return ExitCode.success;
    }),
};

type Begun = Omit<LogEntry, "stack" | "result">;

function render(entries: readonly LogEntry[], underWay: Begun | undefined): string {
  if (entries.length === 0 && underWay === undefined) return "Nothing was done yet by xSplice\n";
  const rows = entries.map((entry) => rowOf(entry, entry.result ?? "unknown", entry.stack));
  if (underWay !== undefined) rows.push(rowOf(underWay, "under way, or interrupted", undefined));
  return table([["time", "who", "what", "result", "applied then"], ...rows]);
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((most, row) => Math.max(most, row[column]?.length ?? 0), 0),
  );
  const line = (row: readonly string[]) =>
    row.map((text, column) => text.padEnd(widths[column] ?? 0)).join("  ");
  return rows.map((row) => `${line(row).trimEnd()}\n`).join("");
}

function rowOf(
  begun: Begun,
  result: string,
  stack: readonly string[] | undefined,
): readonly string[] {
  const { at, by = "?", from = "?", action, name } = onOneLine(begun);
  const applied = stack === undefined ? "?" : stack.length === 0 ? "nothing" : stack.join(", ");
  return [at, `${by}@${from}`, `${action} ${name}`, onOneLine(result), onOneLine(applied)];
}

function unreadable(label: string): HostError {
  return new HostError({
    code: "host/journal",
    problem: `Cannot show the log of ${label}: this release cannot read the journal there`,
    expected: "a journal of this release of xSplice, or of an older one",
    remedy:
      "use the release that wrote it; the next action here sets it aside and begins a new one",
  });
}
