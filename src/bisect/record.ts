// What a bisection remembers: what it looks for, how the host was found, and what each probe said. It is
// its log for people, and all that it needs to go on after an interrupt.

import type { HostState } from "../plan/host-state.ts";
import { BadField, JsonFields } from "../plan/read-json.ts";
import { BisectError } from "./errors.ts";
import { nextProbe, type ProbedPrefix, type ProbeVerdict } from "./search.ts";

export const BISECT_RECORD_VERSION = 1;

export interface SeriesFix {
  /** As the user named its patch. */
  readonly name: string;
  /** SHA-256 of the patch, hex. */
  readonly digest: string;
}

/** What has to be the same for a search to go on. */
export interface BisectSubject {
  /** In the order in which they are applied. */
  readonly fixes: readonly SeriesFix[];
  /** The command, as it was given. */
  readonly check: string;
  /** Of the host; hex. */
  readonly xenBuildId: string;
}

/** What is to be put back in the end. */
export interface Origin {
  /** Of the host; after a reboot nothing of it is there any more. */
  readonly bootId: string | undefined;
  /** Names of what was applied, from the bottom to the top. */
  readonly stack: readonly string[];
}

export interface ProbeRecord extends ProbedPrefix {
  /** Why nobody can tell; what the check printed last, if it failed. */
  readonly words: string;
  /** Of the check; `undefined` where it was not run. */
  readonly exitCode: number | undefined;
  /** Of the prefix's payload, hex; `undefined` where there is none. */
  readonly buildId: string | undefined;
  /** Building, moving the host and checking. */
  readonly elapsedMs: number;
}

export interface BisectRecord {
  readonly version: typeof BISECT_RECORD_VERSION;
  readonly subject: BisectSubject;
  readonly origin: Origin;
  /** In the order in which they were tried. */
  readonly probes: readonly ProbeRecord[];
}

export function originOf({ bootId, stack }: HostState): Origin {
  return { bootId, stack: stack.names };
}

export function encodeRecord(record: BisectRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}

/** @throws BisectError bisect/bad-record, also for probes that no search makes */
export function decodeRecord(text: string, source: string): BisectRecord {
  try {
    const record = readRecord(JsonFields.parse(text));
    requireOwnSearch(record);
    return record;
  } catch (error) {
    if (!(error instanceof BadField)) throw error;
    throw new BisectError({
      code: "bisect/bad-record",
      problem: `Cannot go on with "${source}": ${error.words}`,
      where: source,
      expected: "what an interrupted bisection of this release left there",
      remedy: "remove it, and begin anew",
    });
  }
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
    remedy: "give the same options as before, or --abandon it and begin anew",
  });
}

const verdicts: readonly ProbeVerdict[] = ["good", "bad", "cannot-tell"];

function readRecord(fields: JsonFields): BisectRecord {
  const [subject, origin] = [fields.child("subject"), fields.child("origin")];
  return {
    version: fields.oneOf("version", [BISECT_RECORD_VERSION]),
    subject: {
      fixes: subject.children("fixes").map((fix) => {
        return { name: fix.text("name"), digest: fix.text("digest") };
      }),
      check: subject.text("check"),
      xenBuildId: subject.text("xenBuildId"),
    },
    origin: { bootId: origin.optionalText("bootId"), stack: origin.texts("stack") },
    probes: fields.children("probes").map((probe) => ({
      prefix: probe.count("prefix"),
      verdict: probe.oneOf("verdict", verdicts),
      words: probe.text("words"),
      exitCode: probe.has("exitCode") ? probe.count("exitCode") : undefined,
      buildId: probe.optionalText("buildId"),
      elapsedMs: probe.count("elapsedMs"),
    })),
  };
}

/** The search has no memory, so a record that it could not have made would lead it astray. */
function requireOwnSearch({ subject, probes }: BisectRecord): void {
  const { length: count } = subject.fixes;
  if (count === 0) throw new BadField("subject.fixes is empty");
  for (const [index, { prefix }] of probes.entries()) {
    const next = nextProbe(count, probes.slice(0, index));
    if (next.kind === "probe" && next.prefix === prefix) continue;
    throw new BadField(
      `probes[${index}].prefix is ${prefix}, which the search would not try there`,
    );
  }
}
