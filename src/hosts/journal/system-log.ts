// Each action in the system's log of the dom0, beside our own journal: systemd's journal where there is one,
// with a field for each fact; syslog elsewhere. Both through `logger` of util-linux. The system's log is kept
// longer than ours and goes where the site sends its logs; `xsplice log` reads ours, which works without it.

import { execFile } from "node:child_process";
import type { LoggedAction } from "../../host/journal-store.ts";

/** Finds our entries among all others: `journalctl MESSAGE_ID=…`. */
export const MESSAGE_ID = "6d1f6a2d0a7c4c5f9c3f1f5b8e0d7a41";
const IDENTIFIER = "xsplice";

/** Where systemd's journal listens, and where syslog does. */
export const SYSTEM_LOG_SOCKETS = ["/run/systemd/journal/socket", "/dev/log"];

/** Not to be waited for: an action is done whatever becomes of the log. */
const LOGGER_MS_MAX = 2000;

/**
 * A shell function `tell JOURNAL_SOCKET SYSLOG_SOCKET PRIORITY LINE FIELDS`. It never fails: a host without a system
 * log, or with another `logger`, has our own journal.
 */
export const TELL_FUNCTION = `
tell() {
  if [ -S "$1" ] && printf '%s' "$5" | logger --journald; then return 0; fi
  if [ -S "$2" ]; then logger -t ${IDENTIFIER} -p "user.$3" -- "$4"; fi
  return 0
} >/dev/null 2>&1
`;

export function tellArguments(action: LoggedAction): readonly string[] {
  return [...SYSTEM_LOG_SOCKETS, priorityOf(action).name, lineOf(action), fieldsOf(action)];
}

/** In this dom0. */
export function tellSystemLog(action: LoggedAction): Promise<void> {
  const words = ["-c", `${TELL_FUNCTION}\ntell "$@"`, IDENTIFIER, ...tellArguments(action)];
  return new Promise((resolve) => {
    execFile("sh", words, { timeout: LOGGER_MS_MAX, killSignal: "SIGKILL" }, () => resolve());
  });
}

/** `apply of "fix" by root at mgmt: done` */
function lineOf({ action, name, by = "?", from = "?", result }: LoggedAction): string {
  return oneLine(`${action} of "${name}" by ${by} at ${from}: ${result}`);
}

/** One a line, so that no fact may have a line break: it would be another field. */
function fieldsOf(action: LoggedAction): string {
  const { stack } = action;
  const fields = {
    MESSAGE: lineOf(action),
    MESSAGE_ID,
    PRIORITY: priorityOf(action).number,
    SYSLOG_IDENTIFIER: IDENTIFIER,
    XSPLICE_ACTION: action.action,
    XSPLICE_PAYLOAD: action.name,
    XSPLICE_RESULT: action.result,
    XSPLICE_BY: action.by,
    XSPLICE_FROM: action.from,
    XSPLICE_APPLIED: stack?.join(" "),
  };
  return Object.entries(fields)
    .flatMap(([key, value]) => (value === undefined ? [] : `${key}=${oneLine(value)}\n`))
    .join("");
}

function priorityOf({ result }: LoggedAction): { readonly name: string; readonly number: string } {
  return result === "done" ? { name: "notice", number: "5" } : { name: "err", number: "3" };
}

const LINE_LENGTH_MAX = 2000;

/** Names of payloads may have any character. */
function oneLine(text: string): string {
  return text.slice(0, LINE_LENGTH_MAX).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
  });
}
