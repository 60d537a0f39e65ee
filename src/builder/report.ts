// The report that lies beside a payload, and is shown for a fix that cannot be live patched: what
// became of every hunk and of every difference, made from what, in how much time. JSON; the format's
// number grows when a field changes its meaning.

import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { BuildRefusal } from "../build-outcome/refusal.ts";
import { hexNumber, toHex } from "../bytes/hex.ts";
import type { LedgerEntry } from "../diff/ledger.ts";
import type { GuardPlan } from "../guard/plan.ts";
import type { LayoutFinding } from "../layout/layout.ts";
import type { GuardLevel, PayloadMode } from "../payload/metadata-keys.ts";
import type { Foundation } from "../running/payload-below.ts";
import type { FileEntry } from "../source-patch/hunk-ledger.ts";
import type { Succession } from "../stacking/cumulative.ts";
import { formatRelease } from "../xen-abi/release.ts";
import { type Phase, timeSpent } from "../xen-make/timings.ts";
import type { BuildInputs, BuildOptions } from "./build-options.ts";
import type { BuiltFix } from "./built-fix.ts";
import type { AllowedChange } from "./conclude/allowed.ts";
import type { BuiltFunction } from "./link.ts";
import { movedHunksOf, type ReportedHunk } from "./report-hunks.ts";

export const REPORT_FORMAT = 2;

export interface BuildReport {
  readonly format: typeof REPORT_FORMAT;
  readonly tool: string;
  readonly outcome: BuiltFix["outcome"];
  /** None unless built. */
  readonly payload: ReportedPayload | undefined;
  readonly stacking: ReportedStacking;
  readonly functions: readonly ReportedFunction[];
  /** Against `--previous`, when built. */
  readonly succession: Omit<Succession, "refusals"> | undefined;
  /** Causes first; what only follows from one of them refers to it by `causes`, and stands behind it. */
  readonly refusals: readonly BuildRefusal[];
  /** What the author's permissions let pass; with the outcome `left-out` it is all that is left of the fix. */
  readonly allowed: readonly AllowedChange[];
  /** Lines of text: of the compiler of hooks, and of pointers that not every host stands. */
  readonly warnings: string;
  /** Every file and hunk of the patches. */
  readonly files: readonly FileEntry[];
  /** Hunks that were found elsewhere than they say, or with fuzz. */
  readonly movedHunks: readonly ReportedHunk[];
  /** Every difference of every object. */
  readonly objects: readonly ReportedObject[];
  /** Types that differ, also those that may. */
  readonly layouts: readonly LayoutFinding[];
  readonly hypervisor: {
    readonly release: string;
    readonly buildId: string;
    /** Functions that were found in it as they were compiled here. */
    readonly functionsCompared: number;
  };
  readonly compiler: {
    readonly command: string;
    readonly version: string;
    readonly verdict: "same" | "different" | "unknown";
    readonly comparison: string;
  };
  /** Settings that the given configuration and the one that was built with do not share. */
  readonly configDifferences: readonly object[];
  /** How the lines of each changed file were kept in their places. */
  readonly lines: Readonly<Record<string, { readonly kind: string; readonly reason?: string }>>;
  readonly inputs: ReportedInputs;
  readonly timings: {
    readonly totalMs: number;
    /** All but waiting for the compiler and make. */
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
}

/** How the payload stands among others. */
export interface ReportedStacking {
  readonly mode: PayloadMode;
  /** Payloads that it was built on, the lowest first. */
  readonly below: readonly {
    readonly file: string;
    readonly buildId: string;
    /** Names; none when it does not say what it was made from. */
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
    /** What it does not compare, and why. */
    readonly unguarded: GuardPlan["unguarded"];
  };
  /** Whether later payloads can require this one. */
  readonly marker: "carried" | "none";
  /** What nobody compares, in words. */
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
  /** Why it is carried though the patch changes nothing of it, in words. */
  readonly broughtFor?: string | undefined;
}

/** SHA-256 each, in hex; patches by the names of their files. */
export interface ReportedInputs {
  readonly source: string;
  readonly xenSyms: string;
  readonly config: string;
  readonly patches: Readonly<Record<string, string>>;
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
    refusals: fix.refusals,
    allowed: fix.allowed,
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

/** They stand among those of the build. */
function withoutRefusals({ refusals: _, ...rest }: Succession): Omit<Succession, "refusals"> {
  return rest;
}

/** So that the same patches give the same report in another directory; in full where two share a name. */
function nameWithoutPlace(patches: BuildInputs["patches"]): (name: string) => string {
  const short = patches.map(({ name }) => basename(name));
  const isClear = new Set(short).size === short.length;
  return (name) => (isClear ? basename(name) : name);
}

function inputsOf(
  { xenSyms, config, patches }: BuildInputs,
  source: string,
  nameOf: (name: string) => string,
): ReportedInputs {
  return {
    source,
    xenSyms: sha256(xenSyms.bytes),
    config: sha256(Buffer.from(config.text)),
    patches: Object.fromEntries(patches.map(({ name, bytes }) => [nameOf(name), sha256(bytes)])),
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
