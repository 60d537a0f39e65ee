// The record of a bisection: the goal, the original state of the host, and the result of each probe. It
// is the log for people, and contains all that is needed to continue after an interrupt.

import * as v from "valibot";
import { type Described, decodeJson } from "../json/decode-json.ts";
import { count, maybe } from "../json/fields.ts";
import type { HostState } from "../plan/host-state.ts";
import { BisectError } from "./errors.ts";
import { nextProbe, probeVerdicts } from "./search.ts";

export const BISECT_RECORD_VERSION = 1;

const fixSchema = v.object({
  /** The name of its patch, as the user gave it. */
  name: v.string(),
  /** SHA-256 of the patch, hex. */
  digest: v.string(),
});

/** What must be equal to continue a search. */
const subjectSchema = v.object({
  /** In the order in which they are applied; one at least. */
  fixes: v.pipe(v.array(fixSchema), v.minLength(1)),
  /** The command, as it was given. */
  check: v.string(),
  /** Of the host; hex. */
  xenBuildId: v.string(),
});

/** The state to restore at the end. */
const originSchema = v.object({
  /** Boot id of the host; after a reboot nothing has to be restored. */
  bootId: maybe(v.string()),
  /** Names of what was applied, from the bottom to the top. */
  stack: v.array(v.string()),
});

const probeSchema = v.object({
  /** How many fixes were applied. */
  prefix: count,
  verdict: v.picklist(probeVerdicts),
  /** Why the result is unknown; the last output of the check, if it failed. */
  words: v.string(),
  /** Of the check; `undefined` where it was not run. */
  exitCode: maybe(count),
  /** Of the prefix's payload, hex; `undefined` where there is none. */
  buildId: maybe(v.string()),
  /** Time for building, moving the host and checking. */
  elapsedMs: count,
});

export const recordSchema = v.object({
  version: v.literal(BISECT_RECORD_VERSION),
  subject: subjectSchema,
  origin: originSchema,
  /** In the order in which they were tried. */
  probes: v.array(probeSchema),
});

export type SeriesFix = Described<typeof fixSchema>;
export type BisectSubject = Described<typeof subjectSchema>;
export type Origin = Described<typeof originSchema>;
export type ProbeRecord = Described<typeof probeSchema>;
export type BisectRecord = Described<typeof recordSchema>;

export function originOf({ bootId, stack }: HostState): Origin {
  return { bootId, stack: stack.names };
}

export function encodeRecord(record: BisectRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}

/** @throws BisectError bisect/bad-record, also for probes that no search makes */
export function decodeRecord(text: string, source: string): BisectRecord {
  const decoded = decodeJson(text, recordSchema);
  if (decoded.kind === "problem") throw badRecord(decoded.problem, source);
  const problem = findForeignProbe(decoded.value);
  if (problem !== undefined) throw badRecord(problem, source);
  return decoded.value;
}

function badRecord(problem: string, source: string): BisectError {
  return new BisectError({
    code: "bisect/bad-record",
    problem: `Cannot go on with "${source}": ${problem}`,
    where: source,
    expected: "the state of an interrupted bisection, written by this release",
    remedy: "remove it, and start again",
  });
}

/** @throws BisectError bisect/other-record */
export function requireSameSubject(known: BisectSubject, asked: BisectSubject): void {
  const told = (subject: BisectSubject) => [
    ["check", subject.check],
    ["hypervisor", subject.xenBuildId],
    ["fixes", subject.fixes.map(({ name, digest }) => `${name} ${digest.slice(0, 12)}`).join(", ")],
  ];
  const other = told(asked);
  const index = told(known).findIndex(([, value], at) => value !== other[at]?.[1]);
  if (index < 0) return;
  const [what, before] = told(known)[index] ?? [];
  throw new BisectError({
    code: "bisect/other-record",
    problem: `Cannot go on with the interrupted bisection: it has another ${what}`,
    expected: `${before}\n${other[index]?.[1]} is given now`,
    remedy: "give the same options as before, or --abandon it and start again",
  });
}

/** The search derives everything from the record, so an impossible record would mislead it. */
function findForeignProbe({ subject, probes }: BisectRecord): string | undefined {
  for (const [index, { prefix }] of probes.entries()) {
    const next = nextProbe(subject.fixes.length, probes.slice(0, index));
    if (next.kind === "probe" && next.prefix === prefix) continue;
    return `probes[${index}].prefix is ${prefix}, which the search would not try there`;
  }
  return undefined;
}
