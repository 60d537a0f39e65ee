// Does the fix fit the payloads below it? What it changes or refers to must be in them what their
// patches compile to, and nobody may have changed it whose patches do not say so.

import type { BuildRefusal } from "../build-outcome/refusal.ts";
import type { ComparedObject } from "../compare/compared-object.ts";
import { type Trace, type TracedBody, traceSymbol } from "../compare/trace.ts";
import type { Atom } from "../diff/atom.ts";
import { namingSymbol } from "../diff/atom.ts";
import type { PayloadBelow } from "../running/payload-below.ts";
import { compareBody } from "./body.ts";
import { findBrought, nameOfSymbol, nameOfTrace } from "./names.ts";
import { type CarriedBody, oldNameOf, PayloadCode } from "./payload-code.ts";

/** Functions of one object, by who runs them now. */
export interface SortedFunctions {
  /** Those that the hypervisor runs itself, as they are in the source without any patch. */
  readonly unpatched: readonly TracedBody[];
  /** How many are the same in a payload below. */
  readonly compared: number;
  readonly refusals: readonly BuildRefusal[];
}

/** @param functions atoms of the object before the fix */
export function sortFunctions(
  { pair, diff, steps }: ComparedObject,
  functions: readonly Atom[],
  payloads: readonly PayloadBelow[],
): SortedFunctions {
  const top = diff.comparison.before;
  const unpatched: TracedBody[] = [];
  const refusals: BuildRefusal[] = [];
  let compared = 0;
  const codes = payloads.map((below) => new PayloadCode(below));
  for (const atom of functions) {
    const symbol = namingSymbol(atom);
    const trace = symbol && traceSymbol(steps, top, symbol);
    if (trace?.body === undefined) continue; // Linking refuses what nobody has.
    const name = nameOfTrace(trace, payloads);
    const owner = findOwner(name, payloads);
    const running = owner ?? (trace.home.kind === "payload" ? trace.home.level : undefined);
    if (running === undefined && trace.body.level === undefined) {
      unpatched.push(trace.body);
      continue;
    }
    const problem = problemOf({ steps, payloads, codes, trace, name }, running, trace.body);
    if (problem === undefined) compared++;
    else refusals.push(refusalFor(trace.sourceName, pair, problem));
  }
  return { unpatched, compared, refusals };
}

/** Which payload replaced or changed the function last. */
export function findOwner(name: string, payloads: readonly PayloadBelow[]): number | undefined {
  const level = payloads.findLastIndex(({ payload }) =>
    payload.functions.some((entry) => entry.kind !== "guard" && oldNameOf(entry) === name),
  );
  return level < 0 ? undefined : level;
}

/** A payload may carry what its patches leave alone (compare/held.ts), but never less than they change. */
function problemOf(
  question: Omit<LevelQuestion, "level">,
  running: number | undefined,
  body: TracedBody,
): string | undefined {
  const { payloads } = question;
  const isOwn = running === body.level;
  if (running === undefined || running < (body.level ?? 0)) {
    return wrongOwner(running, body, payloads);
  }
  const difference = compareWithPayload({ ...question, level: running });
  return difference === undefined || isOwn ? difference : wrongOwner(running, body, payloads);
}

interface LevelQuestion {
  readonly steps: ComparedObject["steps"];
  readonly payloads: readonly PayloadBelow[];
  /** Of each of the payloads. */
  readonly codes: readonly PayloadCode[];
  readonly level: number;
  readonly trace: Trace;
  /** As the hypervisor knows the function. */
  readonly name: string;
}

/** What differs, if anything. */
function compareWithPayload(question: LevelQuestion): string | undefined {
  const { steps, payloads, codes, level, trace, name } = question;
  const [below, code] = [payloads[level], codes[level]];
  if (below === undefined || code === undefined || trace.body === undefined) return undefined;
  const found = findBody(below, code, question);
  const source = `payload "${below.payload.source}"`;
  if (found === undefined) return `${source} has no code for "${name}"`;
  const { object: top, atom, level: made = -1 } = trace.body;
  const known = { steps: steps.filter((step) => step.level <= made), top };
  const difference = compareBody({
    payload: code,
    ...found,
    atom,
    object: top.object,
    nameOf: (symbol) => nameOfSymbol(known, symbol, payloads.slice(0, level + 1)),
  });
  return difference && `${source} has a different body than its patches compile to: ${difference}`;
}

function findBody(
  below: PayloadBelow,
  code: PayloadCode,
  { name, trace, level }: LevelQuestion,
): CarriedBody | undefined {
  const newBody = code.findNewBody(name);
  if (newBody !== undefined) return newBody;
  if (trace.home.kind !== "payload" || trace.home.level !== level) return undefined;
  const { object } = below;
  const brought = findBrought(below, trace.sourceName);
  const symbol = object.symbols.find((found) => found.name === brought?.exportedName);
  const section =
    symbol?.place.kind === "section" ? object.sections[symbol.place.index] : undefined;
  if (symbol === undefined || section === undefined) return undefined;
  return { place: { section, offset: Number(symbol.value) }, sizeBytes: Number(symbol.size) };
}

function wrongOwner(
  running: number | undefined,
  { level }: TracedBody,
  payloads: readonly PayloadBelow[],
): string {
  const nameOf = (index: number | undefined) =>
    index === undefined ? "the hypervisor itself" : `payload "${payloads[index]?.payload.source}"`;
  return `by the patches of the payloads below, ${nameOf(level)} has its code; in fact ${nameOf(running)} has`;
}

/** A header of xSplice, which is no part of the source: another version of xSplice may have another one. */
const OWN_HEADER = /(^|\/)include\/(xsplice[./].*)/;

function refusalFor(
  name: string,
  { object, dependencies }: Pick<ComparedObject["pair"], "object" | "dependencies">,
  problem: string,
): BuildRefusal {
  const given =
    "give exactly the payloads that are applied, built by xsplice from patches of this source with this compiler";
  const own = dependencies.flatMap((path) => OWN_HEADER.exec(path)?.[2] ?? []);
  const refusal = { rule: "payload-below", what: `function "${name}"`, where: object };
  if (own.length === 0) return { ...refusal, reasons: [problem], remedy: given };
  const headers = own.map((path) => `<${path}>`).join(", ");
  return {
    ...refusal,
    reasons: [
      problem,
      `its file includes ${headers} of xSplice, which may be another one than when the payload was built`,
    ],
    remedy: `build with the xSplice that built the payload (tool= in its metadata), or build all patches anew (--mode cumulative); else ${given}`,
  };
}
