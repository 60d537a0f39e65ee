// How a new payload is to stand among others, from what the user asks for: which mode, how much of the
// old code it carries, what it depends on, and what it requires. Whatever cannot be promised is refused
// here or told in `unchecked`.

import { BuilderError } from "../build-outcome/builder-error.ts";
import type { BuildRefusal } from "../build-outcome/refusal.ts";
import { uncheckedRegisters } from "../isa/registers-followed.ts";
import type { RequiredPayload, Stacking } from "../payload/emit/input.ts";
import { markerFor, markerOf } from "../payload/marker.ts";
import type { GuardLevel, PayloadMode } from "../payload/metadata-keys.ts";
import type { Payload } from "../payload/payload.ts";
import { readStackingFacts } from "../payload/stacking.ts";
import { type Foundation, type PayloadBelow, topmostBuildId } from "../running/payload-below.ts";
import type { XenSyms } from "../running/xen-syms.ts";
import { mayCarryMarker } from "../xen-abi/features.ts";
import type { HookKind } from "../xen-abi/hooks.ts";
import { hookRules } from "../xen-abi/hooks.ts";
import type { PayloadVersion, Release } from "../xen-abi/release.ts";
import { formatRelease } from "../xen-abi/release.ts";

export interface StackingWish {
  readonly mode: PayloadMode;
  /** `undefined`: as much as the release can compare. */
  readonly guard: GuardLevel | undefined;
  readonly foundation: Foundation;
}

export interface StackingTarget {
  readonly xen: XenSyms;
  readonly release: Release | undefined;
  readonly payloadVersion: PayloadVersion;
}

export interface DecidedStacking {
  readonly stacking: Stacking;
  /** Build-id of what lies directly below. */
  readonly depends: Uint8Array;
  /** What nobody compares or follows, in words for people. */
  readonly unchecked: readonly string[];
}

/** @throws BuilderError builder/bad-option for wishes that contradict each other or the release */
export function decideStacking(wish: StackingWish, target: StackingTarget): DecidedStacking {
  const { mode, foundation } = wish;
  const { xen, release, payloadVersion } = target;
  const guard = wish.guard ?? (payloadVersion === 2 ? "full" : "none");
  checkGuard(wish, guard, payloadVersion);
  checkMode(wish);
  const requires =
    mode === "independent"
      ? requiredOf(foundation.payloads, target)
      : besidesChain(foundation, target);
  const marker = markerFor(release, xen.architecture);
  return {
    stacking: { mode, guard, requires, marker },
    depends: mode === "independent" ? xen.buildId : topmostBuildId(foundation, xen),
    unchecked: uncheckedOf({ wish, guard, requires }, target),
  };
}

function checkGuard(
  { mode, guard: wished, foundation }: StackingWish,
  guard: GuardLevel,
  payloadVersion: PayloadVersion,
): void {
  if (mode === "independent" && payloadVersion === 1) {
    throw badOption("build an independent payload", "this release compares no old code", {
      expected: "Xen 4.14 or later",
      remedy: "build it with --mode stack",
    });
  }
  if (mode === "independent" && guard !== "full") {
    throw badOption(
      `build an independent payload with --guard ${guard}`,
      "Xen would accept it on any host",
      {
        expected:
          "--guard full: only the comparison of old code keeps it from a host that it does not fit",
      },
    );
  }
  if (guard !== "none" && payloadVersion === 1) {
    throw badOption(`use --guard ${guard}`, "this release compares no old code", {
      expected: "Xen 4.14 or later, or --guard none",
    });
  }
  if (foundation.buildId === undefined || wished === "none") return;
  throw badOption("build on a build-id alone", "what that payload changed is not known", {
    expected: "--on with the payload's file",
    remedy: "or use --guard none: then no old code is compared",
  });
}

function checkMode({ mode, foundation }: StackingWish): void {
  const { payloads, buildId } = foundation;
  if (mode === "stack" || (payloads.length === 0 && buildId === undefined)) return;
  if (mode === "cumulative") {
    throw badOption("build a cumulative payload on another one", "it replaces all others", {
      expected: "all fixes as patches, and no --on",
    });
  }
  if (buildId === undefined) return;
  throw badOption("build an independent payload on a build-id", "nobody could check it", {
    expected: "--on with the payload's file, whose marker Xen can compare",
  });
}

/** What the old code of an independent payload includes must be applied, which Xen checks. */
function requiredOf(
  payloads: readonly PayloadBelow[],
  { release, xen }: StackingTarget,
): readonly RequiredPayload[] {
  return payloads.map(({ payload }) => {
    const marker = markerOf(payload.symbolMap ?? []);
    if (marker !== undefined) return { buildId: payload.buildId, marker };
    const canHave = release !== undefined && mayCarryMarker(release, xen.architecture);
    throw badOption(
      `build an independent payload on "${payload.source}"`,
      "it has no marker by which Xen could tell that it is applied",
      canHave
        ? { expected: "a payload that this xsplice has built" }
        : { expected: whereMarkersAre(release, xen), remedy: "build it with --mode stack" },
    );
  });
}

function whereMarkersAre(release: StackingTarget["release"], xen: StackingTarget["xen"]): string {
  if (xen.architecture !== "x86_64") {
    return `a hypervisor for x86-64; none for ${xen.architecture} supports markers`;
  }
  const found = release === undefined ? "this one" : `Xen ${formatRelease(release)}`;
  return `a release that supports markers; ${found} does not`;
}

/**
 * What lies below and is not told by `depends`: an independent payload depends on nothing but the
 * hypervisor, so it says nothing of what lies below itself.
 */
function besidesChain(
  { payloads, buildId }: Foundation,
  { release, xen, payloadVersion }: StackingTarget,
): readonly RequiredPayload[] {
  const isMarked =
    release !== undefined && payloadVersion === 2 && mayCarryMarker(release, xen.architecture);
  const told = new Set([buildId ?? payloads.at(-1)?.payload.buildId]);
  return payloads
    .toReversed()
    .flatMap(({ payload }): RequiredPayload[] => {
      const isTold = told.has(payload.buildId);
      for (const id of idsBelow(payload)) told.add(id);
      if (isTold) return [];
      const marker = isMarked ? markerOf(payload.symbolMap ?? []) : undefined;
      return [{ buildId: payload.buildId, marker }];
    })
    .toReversed();
}

/** Of payloads that must be applied below it, by its own word. */
function idsBelow({ depends, metadata }: Payload): readonly (string | undefined)[] {
  return [depends, ...readStackingFacts(metadata).requires];
}

interface Decision {
  readonly wish: StackingWish;
  readonly guard: GuardLevel;
  readonly requires: readonly RequiredPayload[];
}

function uncheckedOf(
  { wish: { foundation }, guard, requires }: Decision,
  { payloadVersion, xen }: StackingTarget,
): readonly string[] {
  const said: string[] = [];
  for (const { payload } of foundation.payloads) {
    if (!requires.some(({ buildId, marker }) => buildId === payload.buildId && !marker)) continue;
    said.push(
      `the payload "${payload.source}" has no marker by which Xen could tell that it is applied, and nothing above it depends on it: only xsplice checks it, in plan and sync`,
    );
  }
  if (foundation.buildId !== undefined) {
    said.push(
      "the payload below is known by its build-id only: not whether it changed what this fix changes or refers to, nor what it brought",
    );
  }
  for (const { payload, origin } of foundation.payloads) {
    if (origin !== undefined) continue;
    said.push(
      `the payload "${payload.source}" does not say what it was built from: whether its code relies on what this fix changes`,
    );
  }
  if (guard === "none") {
    said.push(
      payloadVersion === 1
        ? "this release of Xen compares no old code: only build-ids keep the payload from a host that it does not fit"
        : "no old code is compared (--guard none): only build-ids keep the payload from a host that it does not fit",
    );
  }
  if (guard === "entry") said.push("of each replaced function only the first bytes are compared");
  const registers = uncheckedRegisters(xen.architecture);
  if (registers !== undefined) said.push(registers);
  return said;
}

/** A cumulative payload is there to be put in place of others, which hooks that can veto prevent. */
export function refuseVetoingHooks(
  mode: PayloadMode,
  kinds: readonly HookKind[],
): readonly BuildRefusal[] {
  if (mode !== "cumulative") return [];
  return kinds.filter(blocksReplace).map((kind) => ({
    rule: "vetoing-hook",
    what: `hook "${kind}"`,
    where: hookRules[kind].section,
    reasons: [`Xen refuses REPLACE for payloads with a hook that runs ${hookRules[kind].when}`],
    remedy: "use load, unload, apply or revert hooks, or --mode stack",
  }));
}

/** ABI reference §1.6: set in the new payload or in an applied one, REPLACE gives -EOPNOTSUPP. */
function blocksReplace(kind: HookKind): boolean {
  return /^(pre|post)/.test(kind);
}

function badOption(
  what: string,
  state: string,
  more: { readonly expected: string; readonly remedy?: string },
): BuilderError {
  return new BuilderError({
    code: "builder/bad-option",
    problem: `Cannot ${what}: ${state}`,
    ...more,
  });
}
