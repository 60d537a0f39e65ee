// What a person has to agree to before a sync begins: what a host loses by it.

import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import type { HostState } from "../plan/host-state.ts";
import type { Plan } from "../plan/plan-form.ts";
import { SyncError } from "../sync/errors.ts";
import type { OptionSpec } from "./option-spec.ts";
import type { CommandCall } from "./spec.ts";

export const yesOption: OptionSpec = {
  name: "yes",
  letter: "y",
  description:
    "agree in advance to a plan in which a fix is missing for a moment, data is reset or everything is removed",
};

/** Sentences without their ends; empty where nothing is lost. */
export function losses(plan: Plan, { stack }: HostState): readonly string[] {
  const moments = plan.missing.map(({ fix, fromStep, toStep }) => {
    const what = fix.kind === "payload" ? `all of ${fix.name}` : fix.name;
    return `the fix of ${what} is missing between steps ${fromStep} and ${toStep}`;
  });
  const data = plan.notices.filter(({ kind }) => kind === "fresh-data").map(({ words }) => words);
  const isAll = plan.stack.length === 0 && stack.names.length > 0;
  const all = isAll ? [`everything that is applied is removed: ${stack.names.join(", ")}`] : [];
  return [...moments, ...data, ...all];
}

/**
 * Asks on a terminal. A plan from a file was seen by whoever passes it on.
 * @throws SyncError sync/not-agreed
 */
export async function requireConsent(
  { io, options, globals }: CommandCall,
  lost: readonly string[],
): Promise<void> {
  if (lost.length === 0 || options.has("yes") || options.has("plan")) return;
  const isPerson = io.stdin.isTTY === true && io.stderr.isTTY === true && globals.output === "text";
  if (!isPerson) throw notAgreed(lost, "nobody was asked, since this is not a terminal");
  for (const one of lost) io.stderr.write(`${one}\n`);
  const lines = createInterface({ input: io.stdin, output: io.stderr });
  try {
    // ^D instead of an answer ends the input, and readline does not say so to who asked.
    const gone = once(lines, "close").then(() => "");
    const answer = await Promise.race([
      lines.question("Go on? [y/N] ", { signal: io.signal }),
      gone,
    ]);
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    lines.close();
  }
  throw notAgreed(lost, "the answer was no");
}

function notAgreed(lost: readonly string[], why: string): SyncError {
  return new SyncError({
    code: "sync/not-agreed",
    problem: `Cannot begin: ${why}; nothing was done`,
    where: lost.join("\n"),
    expected: "somebody's consent to this",
    remedy: "give it with --yes; --gapless refuses a plan in which a fix is missing for a moment",
  });
}
