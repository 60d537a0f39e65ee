// The report that is written next to a payload, or printed for a fix that cannot be live patched: the
// result for every hunk and every difference, the inputs, and the time. JSON; the format's number is
// increased when a field changes its meaning.

import type { BuildRefusal } from "../build-outcome/refusal.ts";
import { hexNumber, toHex } from "../bytes/hex.ts";
import { sha256 } from "../bytes/sha256.ts";
import type { LedgerEntry } from "../diff/ledger.ts";
import type { GuardPlan } from "../guard/plan.ts";
import type { LayoutFinding } from "../layout/layout.ts";
import type { StandingCode } from "../payload/emit/input.ts";
import type { GuardLevel, PayloadMode } from "../payload/metadata-keys.ts";
import type { Foundation } from "../running/payload-below.ts";
import type { FileEntry } from "../source-patch/hunk-ledger.ts";
import type { Succession } from "../stacking/cumulative.ts";
import { formatRelease } from "../xen-abi/release.ts";
import type { ConfigDifference } from "../xen-make/config.ts";
import { type Phase, timeSpent } from "../xen-make/timings.ts";
import type { BuildOptions } from "./build-options.ts";
import type { BuiltFix } from "./built-fix.ts";
import type { AllowedChange } from "./conclude/allowed.ts";
import type { BootOnlyReference } from "./init/references.ts";
import type { BuiltFunction, BuiltHook } from "./link/built-parts.ts";
import {
  inputsOf,
  movedHunksOf,
  nameWithoutPlace,
  type ReportedHunk,
  type ReportedInputs,
} from "./report-inputs.ts";

export const REPORT_FORMAT = 2;

export interface BuildReport {
  readonly format: typeof REPORT_FORMAT;
  readonly tool: string;
  readonly outcome: BuiltFix["outcome"];
  /** Missing unless built. */
  readonly payload: ReportedPayload | undefined;
  readonly stacking: ReportedStacking;
  readonly functions: readonly ReportedFunction[];
  readonly hooks: readonly BuiltHook[];
  /** Compared with `--previous`, when built. */
  readonly succession: Omit<Succession, "refusals"> | undefined;
  /** Causes first; a refusal that follows from another one refers to it by `causes`, and comes after it. */
  readonly refusals: readonly BuildRefusal[];
  /** Refusals that the author allowed; the outcome `left-out` has nothing else. */
  readonly allowed: readonly AllowedChange[];
  /** Paths that must not run again: they lead to what is freed after boot, as they did in the old code. */
  readonly bootOnly: readonly BootOnlyReference[];
  /** Lines of text: from the compiler of hooks, and about pointers that are unsafe on some hosts. */
  readonly warnings: string;
  /** Every file and hunk of the patches. */
  readonly files: readonly FileEntry[];
  /** Hunks that were found at other lines than they say, or with fuzz. */
  readonly movedHunks: readonly ReportedHunk[];
  /** Every difference of every object. */
  readonly objects: readonly ReportedObject[];
  /** Types that differ, including allowed ones. */
  readonly layouts: readonly LayoutFinding[];
  readonly hypervisor: {
    readonly release: string;
    readonly buildId: string;
    /** Functions whose compiled code was found in it. */
    readonly functionsCompared: number;
  };
  readonly compiler: {
    readonly command: string;
    readonly version: string;
    readonly verdict: "same" | "different" | "unknown";
    readonly comparison: string;
  };
  /** Which program kept make and the compiler from the rest of the machine. */
  readonly sandbox: "bubblewrap" | "none";
  /** Settings that differ between the given configuration and the one used for the build. */
  readonly configDifferences: readonly ConfigDifference[];
  /** How each changed file kept its line numbers. */
  readonly lines: Readonly<Record<string, { readonly kind: string; readonly reason?: string }>>;
  readonly inputs: ReportedInputs;
  readonly timings: {
    readonly totalMs: number;
    /** Without the time spent waiting for the compiler and make. */
    readonly ownMs: number;
    readonly phases: readonly Phase[];
  };
}

export interface ReportedPayload {
  readonly file: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly buildId: string;
  readonly depends: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Where CPUs stand while Xen patches; what is replaced though Xen runs it then. Also in the metadata. */
  readonly standing: StandingCode;
}

/** How the payload is combined with others. */
export interface ReportedStacking {
  readonly mode: PayloadMode;
  /** Payloads that it was built on top of, the lowest first. */
  readonly below: readonly {
    readonly file: string;
    readonly buildId: string;
    /** Names; empty when the payload does not carry its origin. */
    readonly patches: readonly string[];
  }[];
  /** Build-ids of payloads that must be applied; `unchecked` names those without a marker. */
  readonly requires: readonly string[];
  readonly guard: {
    readonly level: GuardLevel;
    /** Of the function table. */
    readonly entries: number;
    /** Bytes of old code that Xen compares. */
    readonly comparedBytes: number;
    /** Bytes that are not compared, and why. */
    readonly unguarded: GuardPlan["unguarded"];
  };
  /** Whether later payloads can require this one. */
  readonly marker: "carried" | "none";
  /** What is not compared by Xen, as text. */
  readonly unchecked: readonly string[];
}

export interface ReportedFunction extends BuiltFunction {
  /** In the hypervisor, in hex. */
  readonly address: string;
}

export interface ReportedObject {
  /** Below `xen/`. */
  readonly object: string;
  readonly sources: readonly string[];
  readonly outcome: "unchanged" | "patchable" | "refused";
  readonly ledger: readonly LedgerEntry[];
  /** Why it is carried although the patch does not change it, as text. */
  readonly broughtFor?: string | undefined;
}

export function reportOf(
  fix: BuiltFix,
  { inputs, stacking, label }: Pick<BuildOptions, "inputs" | "stacking" | "label">,
  output: string,
): BuildReport {
  const { prepared, target, objects, fit, succession, phases } = fix.findings;
  const { source, account, changes } = prepared;
  const { command, version } = source.compiler;
  const nameOf = nameWithoutPlace(inputs.patches);
  return {
    format: REPORT_FORMAT,
    tool: `xsplice ${label.toolVersion}`,
    outcome: fix.outcome,
    payload: payloadOf(fix, output),
    stacking: stackingOf(fix, stacking.foundation),
    succession: succession && withoutRefusals(succession),
    functions: (fix.payload?.functions ?? []).map((found) => ({
      ...found,
      patches: found.patches.map(nameOf),
      address: hexNumber(target.xen.byName.get(found.name)?.address ?? 0n),
    })),
    hooks: fix.payload?.hooks ?? [],
    refusals: fix.refusals,
    allowed: fix.allowed,
    bootOnly: fix.payload?.bootOnly ?? [],
    warnings: fix.warnings,
    movedHunks: movedHunksOf(account, nameOf),
    files: account.ledger.map((entry) => ({ ...entry, patch: nameOf(entry.patch) })),
    objects: objects.map(({ pair: { object, sources }, diff: { outcome, ledger }, broughtFor }) => {
      return { object, sources, outcome, ledger, broughtFor };
    }),
    layouts: fit.layouts,
    hypervisor: {
      release: formatRelease(target.release),
      buildId: toHex(target.xen.buildId),
      functionsCompared: fit.compared,
    },
    compiler: {
      command,
      version,
      verdict: fit.compilers.verdict,
      comparison: fit.compilers.text,
    },
    sandbox: source.sandbox.kind,
    configDifferences: source.configDifferences,
    lines: Object.fromEntries(
      Object.entries(changes.lines).map(([file, { regions: _, ...treatment }]) => [
        file,
        treatment,
      ]),
    ),
    inputs: inputsOf(inputs, source.digest, nameOf),
    timings: { ...timeSpent(phases), phases },
  };
}

function payloadOf(
  { payload, findings: { metadata, stacking } }: BuiltFix,
  output: string,
): ReportedPayload | undefined {
  if (payload === undefined) return undefined;
  return {
    file: output,
    sizeBytes: payload.bytes.length,
    sha256: sha256(payload.bytes),
    buildId: toHex(payload.buildId),
    depends: toHex(stacking.depends),
    metadata: Object.fromEntries(metadata),
    standing: payload.standing,
  };
}

function stackingOf({ payload, findings }: BuiltFix, { payloads }: Foundation): ReportedStacking {
  const { stacking, unchecked } = findings.stacking;
  const { mode, guard: level, marker, requires } = stacking;
  const { guards, unguarded } = payload?.guards ?? { guards: [], unguarded: [] };
  return {
    mode,
    below: payloads.map(({ payload: { source, buildId }, origin }) => {
      return { file: source, buildId, patches: (origin?.patches ?? []).map(({ name }) => name) };
    }),
    requires: requires.map(({ buildId }) => buildId),
    guard: {
      level,
      entries: guards.length,
      comparedBytes: guards.reduce((sum, { bytes }) => sum + bytes.length, 0),
      unguarded,
    },
    marker,
    unchecked,
  };
}

/** These refusals are already in the list of the build. */
function withoutRefusals({ refusals: _, ...rest }: Succession): Omit<Succession, "refusals"> {
  return rest;
}
