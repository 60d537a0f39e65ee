// Tries one prefix of a series on a host: builds its payload, replaces what is applied by it, runs the
// check, and interprets the result. If only this payload cannot be built or applied, the result is
// unknown, with the reason, and not a failure.

import type { XspliceError } from "../error.ts";
import { HostError } from "../host/errors.ts";
import type { LivepatchHost } from "../host/host.ts";
import { parsePayload } from "../payload/parse.ts";
import { factsOfPayload } from "../plan/facts.ts";
import { PlanError } from "../plan/obstacle.ts";
import { BisectError } from "./errors.ts";
import { BISECT_NAME_PREFIX, type BisectFile, type MoveOptions, moveHost } from "./move-host.ts";
import type { ProbeRecord } from "./record.ts";
import type { ProbeVerdict } from "./search.ts";

/** The result of building the cumulative payload of a prefix. */
export type BuiltPrefix =
  | { readonly kind: "built"; readonly bytes: Uint8Array }
  /** These fixes change nothing that the hypervisor runs. */
  | { readonly kind: "unchanged" }
  /** It cannot be built alone; the reason as text. */
  | { readonly kind: "refused"; readonly words: string };

export interface CheckResult {
  /** 0: good; 125: cannot tell; 1 to 124: bad. `undefined` when a signal ended it. */
  readonly exitCode: number | undefined;
  /** The last lines of its output. */
  readonly output: string;
}

export interface PrefixEffects {
  /** @param prefix from 1 to the number of fixes */
  readonly build: (prefix: number) => Promise<BuiltPrefix>;
  readonly check: (prefix: number) => Promise<CheckResult>;
}

export interface PrefixRequest {
  readonly prefix: number;
  /** For messages. */
  readonly command: string;
  /** Of payloads that are applied on the host. */
  readonly files: readonly BisectFile[];
}

const CANNOT_TELL = 125;
/** Above this number, except 125, a shell reports commands that it could not run, and signals. */
const BAD_MAX = 124;

type Found = Omit<ProbeRecord, "prefix" | "elapsedMs">;

/** @throws BisectError bisect/check-broken; what the effects throw; HostError; the reason of `signal` */
export async function probePrefix(
  host: LivepatchHost,
  { prefix, command, files }: PrefixRequest,
  effects: PrefixEffects,
  options: MoveOptions,
): Promise<Found> {
  const built = prefix === 0 ? ({ kind: "unchanged" } as const) : await effects.build(prefix);
  if (built.kind === "refused") return cannotTell(built.words, undefined);
  const file = built.kind === "built" ? fileOf(prefix, built.bytes) : undefined;
  const buildId = file?.payload.buildId;
  try {
    const own = file === undefined ? [] : [file];
    const stack = own.map(({ name }) => name);
    await moveHost(host, { stack, files: [...own, ...files] }, options);
  } catch (error) {
    // The next move starts from the host's state at that time.
    if (isRefusal(error)) return cannotTell(error.message, buildId);
    throw error;
  }
  const { exitCode, output } = await effects.check(prefix);
  options.signal?.throwIfAborted();
  return { ...judge({ exitCode, output }, command), exitCode, buildId };
}

function fileOf(prefix: number, bytes: Uint8Array): BisectFile {
  const payload = parsePayload(bytes, `the payload of the first ${prefix} fixes`);
  const name = `${BISECT_NAME_PREFIX}${prefix}-${payload.buildId.slice(0, 12)}`;
  return { name, source: name, facts: factsOfPayload(payload), bytes, payload };
}

/** Failures of this one payload; other failures concern the host, and would affect the next one too. */
function isRefusal(error: unknown): error is XspliceError {
  if (error instanceof PlanError || error instanceof BisectError) return true;
  const codes: readonly string[] = ["host/refused", "host/action-failed"];
  return error instanceof HostError && codes.includes(error.report.code);
}

function cannotTell(words: string, buildId: string | undefined): Found {
  return { verdict: "cannot-tell", words, exitCode: undefined, buildId };
}

function judge(
  { exitCode, output }: CheckResult,
  command: string,
): { readonly verdict: ProbeVerdict; readonly words: string } {
  if (exitCode === 0) return { verdict: "good", words: "" };
  if (exitCode === CANNOT_TELL) {
    return { verdict: "cannot-tell", words: `the check says so (exit code ${CANNOT_TELL})` };
  }
  if (exitCode !== undefined && exitCode <= BAD_MAX) return { verdict: "bad", words: output };
  throw new BisectError({
    code: "bisect/check-broken",
    problem: `Cannot judge the result of the check: ${howItEnded(exitCode)}`,
    where: output === "" ? command : `${command}\n${output}`,
    expected: `exit code 0 for good, ${CANNOT_TELL} if it cannot tell, any other up to ${BAD_MAX} for bad`,
  });
}

/** POSIX, Shell Command Language, 2.8.2: exit status for commands. */
function howItEnded(exitCode: number | undefined): string {
  switch (exitCode) {
    case undefined:
      return "it was ended by a signal";
    case 126:
      return "one of its commands cannot be executed (exit code 126)";
    case 127:
      return "one of its commands was not found (exit code 127)";
    default:
      return `it was ended by a signal (exit code ${exitCode})`;
  }
}
