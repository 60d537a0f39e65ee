// What happened in a simulation, in words for whoever has to find out why it failed.

import { unreachable } from "../../src/invariant.ts";
import type { Wish } from "../../src/plan/wish.ts";
import type { AttemptEnd } from "./attempt.ts";

interface Move {
  readonly action: string;
  readonly name: string;
}

export function describeWish(wish: Wish): string {
  switch (wish.kind) {
    case "apply-exactly":
      return `--to ${wish.payloads.map(({ name }) => name).join(" --to ") || "nothing"}`;
    case "revert":
      return `--revert ${wish.names.join(" --revert ")}`;
    case "restore":
      return `back to ${wish.stack.join(" ")}`;
    default:
      return unreachable(wish);
  }
}

export function describeEnd(end: AttemptEnd): string {
  if (end.kind === "refused") return `refused: ${end.error.message}`;
  if (end.kind !== "reported") return end.kind;
  const { outcome, plan, mended, done, wayBack, failure, notes, stack } = end.report;
  return [
    `${outcome}: planned ${movesOf(plan.steps)}`,
    `mended ${movesOf(mended)}`,
    `done ${movesOf(done)}`,
    `way back ${movesOf(wayBack)}`,
    `applied ${stack === undefined ? "nobody knows" : `${stack.kind} [${stack.names.join(" ")}]`}`,
    ...(failure === undefined ? [] : [failure.problem]),
    ...notes,
  ].join("\n    ");
}

function movesOf(moves: readonly Move[]): string {
  return `[${moves.map(({ action, name }) => `${action} ${name}`).join(", ")}]`;
}
