// Finds whatever a process has started, however far it went: a word in the environment, which each of
// its descendants inherits. A parent's number is not enough: who leaves its parent, as a daemon does, is a child
// of process 1 from then on.

import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

const VARIABLE = "XSPLICE_STARTED_BY";
/** Who starts others faster than they are killed is found again; each round takes a few milliseconds. */
const ROUNDS_MAX = 20;

export interface Mark {
  readonly word: string;
  /** For the process that is to be found, with what it starts. */
  readonly environment: NodeJS.ProcessEnv;
}

/** A mark for one process, behind those by which others look for us. */
export function newMark(environment: NodeJS.ProcessEnv = process.env): Mark {
  const word = randomUUID();
  const others = environment[VARIABLE] ?? process.env[VARIABLE] ?? "";
  return { word, environment: { ...environment, [VARIABLE]: `${others} ${word}`.trim() } };
}

/** For a process that is to outlive us, whatever becomes of us. */
export function unmarked({ [VARIABLE]: _mark, ...rest }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return rest;
}

/**
 * Kills what `pid` has started, and those that they started, but not `pid` itself. What runs as another user is
 * not ours to kill.
 */
export function killStarted(pid: number | undefined, { word }: Mark): void {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const found = startedBy(pid, word);
    if (found.length === 0) return;
    // All stand still before the first one goes: none is started meanwhile by one that is still there.
    for (const one of found) send(one, "SIGSTOP");
    for (const one of found) send(one, "SIGKILL");
  }
}

/** Empty where /proc does not tell. */
function startedBy(pid: number | undefined, word: string): readonly number[] {
  const parents = new Map<number, number>();
  const found = new Set<number>(pid === undefined ? [] : [pid]);
  for (const name of namesIn("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const [, state = "", parent = ""] = statOf(name);
    // Who is dead already keeps its number until its parent has looked.
    if (state === "" || state === "Z") continue;
    parents.set(Number(name), Number(parent));
    if (Number(name) !== process.pid && textOf(`/proc/${name}/environ`).includes(word))
      found.add(Number(name));
  }
  // A parent may have a higher number than its child.
  for (let before = 0; before !== found.size; ) {
    before = found.size;
    for (const [child, parent] of parents) if (found.has(parent)) found.add(child);
  }
  if (pid !== undefined) found.delete(pid);
  return [...found];
}

/** The name of the program, in parentheses, may have any characters. */
function statOf(pid: string): readonly string[] {
  return /^.*\) (\S) (\d+) /s.exec(textOf(`/proc/${pid}/stat`)) ?? [];
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
