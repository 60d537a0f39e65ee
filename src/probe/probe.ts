// Checks whether the code of a running host is what a payload expects, without changing a byte of it:
// only the payload's expectations are uploaded, applied, reverted and unloaded. Xen compares before it
// applies, so the answer is Xen's own.

import type { CallOptions } from "../host/call-options.ts";
import { HostError } from "../host/errors.ts";
import type { ActOptions, ListedPayload, LivepatchHost } from "../host/host.ts";
import { checkPayloadForHost } from "../payload/check-for-host.ts";
import type { Payload } from "../payload/payload.ts";
import { readStackingFacts } from "../payload/stacking.ts";
import { Errno } from "../xen-abi/errno.ts";
import { type CodeDifference, differenceOf, type ReplacedBy } from "./difference.ts";
import { ProbeError } from "./errors.ts";
import { type ExpectedBytes, expectedBytesOf, expectedFunctionsOf } from "./expected-code.ts";
import { comparableBytes, makeProbePayload } from "./probe-payload.ts";
import { withoutJumps } from "./without-jumps.ts";

/** Prefix of the names of probes, so that anyone who finds one applied knows that it changes nothing. */
export const PROBE_NAME_PREFIX = "xsplice-probe-";
/** The most functions that are reported; each needs another round. */
const DIFFERENCES_MAX = 8;
const NAMES_MAX = 32;
/** Time for the cleanup after ^C or a passed deadline. */
const CLEANUP_MS = 20_000;

export interface ProbeRequest {
  readonly payload: Payload;
  /**
   * `apply`: on top of the applied payloads; `replace`: after all of them are reverted. Where applied
   * payloads have written jumps, the second cannot see the code below.
   */
  readonly purpose: "apply" | "replace";
  readonly replacedBy?: ReplacedBy;
}

export type ProbeResult =
  | {
      readonly kind: "as-expected";
      readonly functions: number;
      readonly comparedBytes: number;
    }
  | {
      readonly kind: "different";
      /** One for each function; empty when Xen's console, which names the place, cannot be read. */
      readonly differences: readonly CodeDifference[];
      /** Whether there may be more. */
      readonly complete: boolean;
    };

/**
 * @throws ProbeError; PayloadError when the payload is for another hypervisor; HostError, also when it
 * needs a symbol that the host lacks; the reason of `signal`. In each case the probe is removed from
 * the host, unless the host itself failed.
 */
export async function probeHost(
  host: LivepatchHost,
  request: ProbeRequest,
  options: Omit<ActOptions, "dependencyCheck">,
): Promise<ProbeResult> {
  checkSupport(host, request);
  const { payload, purpose, replacedBy } = request;
  const [info, loaded] = await Promise.all([host.info(options), host.list(options)]);
  // The payload itself may be loaded: that does not prevent a probe.
  checkPayloadForHost(payload, { name: "", info, loaded: [] });
  const all = expectedBytesOf(payload);
  const visible = purpose === "replace" ? withoutJumps(all, loaded) : all;
  const expected = comparableBytes(visible, payload.architecture);
  if (expected.length === 0) throw nothingToCompare(request);
  const found = await findDifferences(host, { payload, expected, loaded, replacedBy }, options);
  if (!found.complete || found.differences.length > 0) return { kind: "different", ...found };
  const comparedBytes = expected.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const names = new Set(expected.map(({ symbol }) => symbol));
  return { kind: "as-expected", functions: names.size, comparedBytes };
}

interface Comparison {
  readonly payload: Payload;
  readonly expected: readonly ExpectedBytes[];
  readonly loaded: readonly ListedPayload[];
  readonly replacedBy: ReplacedBy | undefined;
}

/** Xen reports the first place that differs: that function is left out, and the probe repeated. */
async function findDifferences(
  host: LivepatchHost,
  { payload, expected, loaded, replacedBy }: Comparison,
  options: Omit<ActOptions, "dependencyCheck">,
): Promise<{ readonly differences: readonly CodeDifference[]; readonly complete: boolean }> {
  const { architecture } = payload;
  const context = { functions: expectedFunctionsOf(payload), architecture, loaded, replacedBy };
  const differences: CodeDifference[] = [];
  let rest = expected;
  while (rest.length > 0) {
    if (differences.length === DIFFERENCES_MAX) return { differences, complete: false };
    const refusal = await refusalOf(host, payload, rest, options);
    if (refusal === undefined) break;
    const { unexpectedCode } = refusal;
    const difference = unexpectedCode && differenceOf(unexpectedCode, context);
    if (difference === undefined) return { differences, complete: false };
    differences.push(difference);
    rest = rest.filter(({ symbol, label = symbol }) => label !== difference.functionName);
  }
  return { differences, complete: true };
}

function checkSupport(host: LivepatchHost, { payload, purpose }: ProbeRequest): void {
  if (payload.version === 1 || !host.capabilities.noDependencies) {
    throw new ProbeError({
      code: "probe/unsupported",
      problem: `Cannot probe ${host.label}: ${payload.version === 1 ? "payloads of version 1 carry no expectations" : "its tools cannot apply without the dependency check"}`,
      expected: "Xen 4.14 or later, and tools of it",
    });
  }
  const { requires } = readStackingFacts(payload.metadata);
  if (purpose === "apply" || requires.length === 0) return;
  throw new ProbeError({
    code: "probe/never-replaces",
    problem: `Cannot replace other payloads by "${payload.source}": it requires payload ${requires.join(", ")} to be applied, but Xen reverts it first`,
    expected: "a payload that requires nothing but the hypervisor",
    remedy: "apply it on top, or build a cumulative payload",
  });
}

function nothingToCompare({ payload, purpose }: ProbeRequest): ProbeError {
  const hidden = purpose === "replace" && expectedBytesOf(payload).length > 0;
  return new ProbeError({
    code: "probe/nothing-to-compare",
    problem: hidden
      ? `Cannot probe for "${payload.source}": applied payloads have written jumps over all code that it compares`
      : `Cannot probe for "${payload.source}": it carries no old code`,
    expected: "a payload whose entries have expectations",
    remedy: "build it with --guard full",
  });
}

/** Xen's answer to the expectations; `undefined` when they match. */
async function refusalOf(
  host: LivepatchHost,
  payload: Payload,
  expected: readonly ExpectedBytes[],
  options: Omit<ActOptions, "dependencyCheck">,
): Promise<HostError | undefined> {
  const name = await upload(host, payload, expected, options);
  try {
    await host.act("apply", name, { ...options, dependencyCheck: "hypervisor-only" });
    return undefined;
  } catch (error) {
    // A payload that was just uploaded and depends on nothing is refused like this for one reason only.
    const isRefused = error instanceof HostError && error.report.code === "host/refused";
    if (isRefused && error.errno === Errno.EINVAL) return error;
    throw error;
  } finally {
    await putAway(host, name, options);
  }
}

async function upload(
  host: LivepatchHost,
  payload: Payload,
  expected: readonly ExpectedBytes[],
  options: CallOptions,
): Promise<string> {
  const taken = new Set((await host.list(options)).map(({ name }: ListedPayload) => name));
  for (let number = 1; number <= NAMES_MAX; number++) {
    const name = `${PROBE_NAME_PREFIX}${payload.buildId.slice(0, 12)}-${number}`;
    if (taken.has(name)) continue;
    try {
      await host.upload(name, makeProbePayload(payload, expected, name), options);
      return name;
    } catch (error) {
      const isTaken = error instanceof HostError && error.errno === Errno.EEXIST;
      if (!isTaken) throw await withoutTrace(host, name, options, error);
    }
  }
  throw new ProbeError({
    code: "probe/no-name",
    problem: `Cannot probe ${host.label}: ${NAMES_MAX} probes of this payload are loaded already`,
    expected: `no payload whose name begins with "${PROBE_NAME_PREFIX}", unless a probe is running`,
    remedy: "revert and unload them: they change nothing",
  });
}

/** An interrupted upload may have been completed. */
async function withoutTrace(
  host: LivepatchHost,
  name: string,
  options: CallOptions,
  error: unknown,
): Promise<unknown> {
  const refused = error instanceof HostError && error.report.code === "host/refused";
  if (!refused) await putAway(host, name, { ...options, quiesceMs: 100 }).catch(() => {});
  return error;
}

/** With its own time limit, independent of the caller's. */
async function putAway(
  host: LivepatchHost,
  name: string,
  { quiesceMs }: Pick<ActOptions, "quiesceMs">,
): Promise<void> {
  const options: ActOptions = {
    deadlineMs: CLEANUP_MS,
    quiesceMs,
    dependencyCheck: "whole-chain",
  };
  const status = await host.status(name, options);
  if (status === undefined) return;
  await host.act("revert", name, options);
  await host.act("unload", name, options);
}
