// Finds the fix that makes a check fail, among all fixes of a cumulative payload, without a reboot. The
// payloads of prefixes of the series replace each other on the host, and the check is run on each. In
// every case the host is restored to its former state.

import { XspliceError } from "../error.ts";
import type { LivepatchHost } from "../host/host.ts";
import type { HostState } from "../plan/host-state.ts";
import { observeHost } from "../plan/observe.ts";
import { BisectError } from "./errors.ts";
import { type BisectFile, type MoveOptions, moveHost, planBack } from "./move-host.ts";
import { type PrefixEffects, probePrefix } from "./probe-prefix.ts";
import {
  BISECT_RECORD_VERSION,
  type BisectRecord,
  type BisectSubject,
  type Origin,
  originOf,
  type ProbeRecord,
  requireSameSubject,
} from "./record.ts";
import { type Conclusion, nextProbe } from "./search.ts";

/** The side effects of a bisection, other than calls to the host. */
export interface BisectEffects extends PrefixEffects {
  /** Called before the first step and after each probe, so that an interrupt loses at most one probe. */
  readonly save: (record: BisectRecord) => Promise<void>;
  readonly onEvent: (event: BisectEvent) => void;
  /** Milliseconds since any moment. */
  readonly now: () => number;
}

export type BisectEvent =
  | { readonly kind: "begins"; readonly prefix: number; readonly stepsLeft: number }
  | { readonly kind: "probed"; readonly probe: ProbeRecord }
  | { readonly kind: "restoring"; readonly stack: readonly string[] };

export interface BisectRequest {
  readonly subject: BisectSubject;
  /** The record of an interrupted search to continue. */
  readonly record: BisectRecord | undefined;
  /** Files of payloads that are applied on the host, in case they must be uploaded again. */
  readonly files: readonly BisectFile[];
}

export interface BisectReport {
  readonly conclusion: Conclusion;
  readonly record: BisectRecord;
}

/** For restoring the host, even after the caller's deadline or abort. */
const RESTORE_MS = 120_000;

/**
 * @param host with its journal (JournalledHost)
 * @throws BisectError; what the effects throw; HostError when the host does not answer; the reason of
 *   `signal`. In each case but bisect/not-restored the host is as it was found.
 */
export async function bisectSeries(
  host: LivepatchHost,
  request: BisectRequest,
  effects: BisectEffects,
  options: MoveOptions,
): Promise<BisectReport> {
  const { state } = await observeHost(host, request.files, options);
  const begun = beginRecord(request, state);
  if (begun !== request.record) requireWayBack(state, request.files, options);
  await effects.save(begun);
  // From here on the host is changed, and must be restored.
  let report: BisectReport;
  try {
    report = await searchOn(host, { request, begun }, effects, options);
  } catch (error) {
    await restoreHost(host, { origin: begun.origin, files: request.files }, effects, options);
    throw error;
  }
  await restoreHost(host, { origin: begun.origin, files: request.files }, effects, options);
  return report;
}

/** @throws BisectError bisect/not-restored */
export async function restoreHost(
  host: LivepatchHost,
  { origin, files }: { readonly origin: Origin; readonly files: readonly BisectFile[] },
  { onEvent }: Pick<BisectEffects, "onEvent">,
  { quiesceMs, freshData, pause }: MoveOptions,
): Promise<void> {
  const { stack } = origin;
  const options = { deadlineMs: RESTORE_MS, quiesceMs, freshData, pause };
  try {
    onEvent({ kind: "restoring", stack });
    await moveHost(host, { stack, files }, options);
  } catch (cause) {
    if (!(cause instanceof XspliceError)) throw cause;
    const list = await host.list(options).catch(() => undefined);
    const shown = list?.map(({ name, status }) => `"${name}" is ${status.kind}`);
    throw new BisectError(
      {
        code: "bisect/not-restored",
        problem: `Cannot put ${host.label} back as it was found: ${cause.report.problem}`,
        where: shown === undefined ? "it is not known what is loaded" : shown.join("\n"),
        expected:
          stack.length === 0 ? "no payload applied" : `applied, lowest first: ${stack.join(", ")}`,
        remedy:
          "--abandon tries again: give the files of these payloads (--payload), and --allow-fresh-data for those that have variables",
      },
      { cause },
    );
  }
}

function beginRecord({ subject, record }: BisectRequest, state: HostState): BisectRecord {
  if (record === undefined) {
    return { version: BISECT_RECORD_VERSION, subject, origin: originOf(state), probes: [] };
  }
  requireSameSubject(record.subject, subject);
  // After a reboot all payloads are gone; the results for the fixes stay valid.
  return record.origin.bootId === state.bootId ? record : { ...record, origin: originOf(state) };
}

/** @throws BisectError bisect/no-way-back */
function requireWayBack(
  state: HostState,
  files: readonly BisectFile[],
  options: MoveOptions,
): void {
  const reasons = whyNoWayBack(state, files, options);
  if (reasons.length === 0) return;
  throw new BisectError({
    code: "bisect/no-way-back",
    problem: "Cannot begin: the host could not be put back as it is now",
    where: reasons.join("\n"),
    expected: "payloads whose order and contents are known, and that can be applied again",
    remedy:
      "give the files of the applied payloads (--payload); --allow-fresh-data accepts that their variables are reset",
  });
}

function whyNoWayBack(
  state: HostState,
  files: readonly BisectFile[],
  options: MoveOptions,
): readonly string[] {
  if (state.stack.kind === "unknown") return state.stack.reasons;
  const applied = state.loaded.filter(({ name }) => state.stack.names.includes(name));
  const losing = applied.flatMap(({ name, facts }) => {
    if (options.freshData === "allow" || facts.data === "none") return [];
    return facts.data === "writable"
      ? [`the values of the variables of "${name}" would be lost`]
      : [`it is not known whether "${name}" has variables, whose values would be lost`];
  });
  const planned = planBack(state, files, options);
  const obstacles = planned.kind === "refused" ? planned.obstacles : [];
  return [...losing, ...obstacles.map(({ problem }) => problem)];
}

async function searchOn(
  host: LivepatchHost,
  { request, begun }: { readonly request: BisectRequest; readonly begun: BisectRecord },
  effects: BisectEffects,
  options: MoveOptions,
): Promise<BisectReport> {
  let record = begun;
  const { subject, files } = request;
  for (;;) {
    const next = nextProbe(subject.fixes.length, record.probes);
    if (next.kind !== "probe") return { conclusion: next, record };
    options.signal?.throwIfAborted();
    const { prefix, stepsLeft } = next;
    effects.onEvent({ kind: "begins", prefix, stepsLeft });
    const startedAt = effects.now();
    const found = await probePrefix(
      host,
      { prefix, files, command: subject.check },
      effects,
      options,
    );
    const probe = { prefix, ...found, elapsedMs: Math.round(effects.now() - startedAt) };
    record = { ...record, probes: [...record.probes, probe] };
    await effects.save(record);
    effects.onEvent({ kind: "probed", probe });
  }
}
