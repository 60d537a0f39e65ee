// Registers that callers rely on a callee to leave alone (reliance/reliance.ts), as far as a fix
// affects them. There are two cases: running callers rely on a function that gets a new body; new code
// relies on a function that it reaches through the hypervisor's entry, where a later payload may put
// another body at any time. Keepers handle both. Where no keeper is possible, the payload carries the callee
// as well, if that helps; else the fix is refused.

import type { BuildRefusal } from "../../build-outcome/refusal.ts";
import type { HeldFunctions } from "../../compare/held.ts";
import { followsRegisters } from "../../isa/registers-followed.ts";
import { namesOfRegisters } from "../../isa/x86-registers.ts";
import type { Keeping, KeptCall, KeptEntry } from "../../payload/emit/input.ts";
import type { FunctionCode } from "../../reliance/function-code.ts";
import { keepForCalls } from "../../reliance/keep-calls.ts";
import { type KeptRegisters, keepForCallers } from "../../reliance/keep-entry.ts";
import { describeReliant, type Reliant } from "../../reliance/reliance.ts";
import type { RunningCode } from "../../reliance/running-code.ts";
import { xenNameOf } from "../../running/run-pre.ts";
import { runningCode, type WhatRuns } from "../../running/running-code.ts";
import { signaturesOf } from "../../running/signatures.ts";
import { CarriedCode, type CarriedFix } from "./carried-code.ts";

export interface KeepResult {
  /** Empty if no caller relies on a register. */
  readonly keeping: Keeping | undefined;
  readonly refusals: readonly BuildRefusal[];
  /** Callees that nothing can stand in front of: as the payload's own, they are nobody else's to replace. */
  readonly toHold: HeldFunctions;
}

export interface KeepContext extends WhatRuns {
  /** Whether Xen refuses a second payload for a function that this one replaces: it compares old code. */
  readonly mayHold: boolean;
}

export function keepRegisters(objects: readonly CarriedFix[], below: KeepContext): KeepResult {
  const nothing = { keeping: undefined, refusals: [], toHold: new Map() };
  if (!followsRegisters(below.xen.architecture)) return nothing;
  const replaced = objects.flatMap(({ replacements }) => replacements);
  const running = runningCode({ ...below, signatureOf: signaturesInXen(objects, below) });
  const names = replaced.map(({ oldName }) => oldName);
  const { mayHold } = below;
  const all = objects.map((object) => keepInObject(object, { running, replaced: names, mayHold }));
  const entries = all.flatMap((one) => one.entries);
  const calls = all.flatMap((one) => one.calls);
  const refusals = all.flatMap((one) => one.refusals);
  const toHold: HeldFunctions = new Map(
    all.flatMap(({ held }, index) => {
      const object = objects[index]?.object.pair.object;
      return object === undefined || held.size === 0 ? [] : [[object, held] as const];
    }),
  );
  const { returnThunk } = running;
  const keeping = entries.length + calls.length > 0 ? { returnThunk, entries, calls } : undefined;
  return { keeping, refusals, toHold };
}

/**
 * Of functions of the objects that the fix changes, as the hypervisor has them. What payloads below changed in
 * these may be declared otherwise there.
 */
function signaturesInXen(
  objects: readonly CarriedFix[],
  { payloads }: WhatRuns,
): WhatRuns["signatureOf"] {
  if (payloads.length > 0) return undefined;
  const known = new Map(
    objects.flatMap(({ object: { diff } }) => {
      const { object, file } = diff.comparison.before;
      const signatures = signaturesOf(object);
      return object.symbols
        .filter(({ type, place }) => type === "STT_FUNC" && place.kind === "section")
        .map((symbol) => [xenNameOf(symbol, file), () => signatures(symbol.name)] as const);
    }),
  );
  return (name) => known.get(name)?.();
}

interface KeptInObject {
  readonly entries: readonly KeptEntry[];
  readonly calls: readonly KeptCall[];
  readonly refusals: readonly BuildRefusal[];
  /** By name, with the reason. */
  readonly held: ReadonlyMap<string, string>;
}

function keepInObject(
  carried: CarriedFix,
  {
    running,
    replaced,
    mayHold,
  }: {
    readonly running: RunningCode;
    /** Functions that any object of the fix replaces. */
    readonly replaced: readonly string[];
    readonly mayHold: boolean;
  },
): KeptInObject {
  const code = new CarriedCode(carried, running);
  const atEntries = keepAtEntries(carried, code, (name) => ({
    old: running.find(name),
    reliants: running.reliantsOn(name, replaced),
  }));
  const aroundCalls = keepAroundCalls(carried, code, mayHold);
  return {
    held: aroundCalls.held,
    entries: atEntries.entries,
    calls: aroundCalls.calls,
    refusals: [...atEntries.refusals, ...aroundCalls.refusals],
  };
}

interface ReliedOn {
  readonly old: FunctionCode | undefined;
  readonly reliants: readonly Reliant[];
}

/** For running code that relies on functions which get a new body. */
function keepAtEntries(
  { object, replacements }: CarriedFix,
  code: CarriedCode,
  findReliants: (name: string) => ReliedOn,
): Pick<KeptInObject, "entries" | "refusals"> {
  const entries: KeptEntry[] = [];
  const refusals: BuildRefusal[] = [];
  for (const [index, { oldName, newBody }] of replacements.entries()) {
    const { old, reliants } = findReliants(oldName);
    if (reliants.length === 0) continue;
    const atom = object.diff.replaced[index]?.after;
    const body = atom && code.bodyOf(atom);
    const kept = body ? keepForCallers({ ...body, old }, reliants) : unreadable(reliants);
    if (kept.kind === "kept") entries.push({ newBody, registers: kept.registers });
    if (kept.kind !== "impossible") continue;
    const problem = `its callers rely on registers that its old code leaves alone and the new one changes, and ${kept.why}`;
    const reasons = [problem, ...kept.harmed.map(describeReliant)];
    const where = object.pair.object;
    refusals.push(refusal(oldName, { where, reasons, remedy: saveByItself }));
  }
  return { entries, refusals };
}

/** For new code that relies on functions which another payload may replace. */
function keepAroundCalls(
  { object }: CarriedFix,
  code: CarriedCode,
  mayHold: boolean,
): Omit<KeptInObject, "entries"> {
  const found = code.calls();
  const { calls, impossible } = keepForCalls(
    mayHold ? found : found.map((one) => ({ ...one, heldChanges: undefined })),
  );
  const toHold = mayHold ? impossible : [];
  return {
    held: new Map(
      toHold.flatMap(({ callee, reliant }) =>
        code.leftIn(callee).map(({ name }) => [name, whyHeld(reliant)] as const),
      ),
    ),
    calls: calls.flatMap(({ caller, ...call }) => {
      const symbol = code.symbolOf(caller);
      return symbol === undefined ? [] : [{ caller: symbol, ...call }];
    }),
    refusals: impossible.map(({ why, reliant }) => {
      const problem = `its new code relies on registers that a function leaves alone which another payload may replace, and ${why}`;
      const reasons = [problem, describeReliant(reliant)];
      const where = object.pair.object;
      return refusal(reliant.caller.name, { where, reasons, remedy: callApart });
    }),
  };
}

function whyHeld({ caller, registers }: Reliant): string {
  const names = namesOfRegisters(registers).join(", ");
  return `"${caller.name}" keeps ${names} across its call: it comes along unchanged, so that no other payload replaces it`;
}

function unreadable(reliants: readonly Reliant[]): KeptRegisters {
  const harmed = reliants.filter(({ registers }) => registers !== 0);
  if (harmed.length === 0) return { kind: "none" };
  return { kind: "impossible", why: "its new code cannot be read", harmed };
}

const saveByItself =
  "have the patch define the function with __attribute__((no_caller_saved_registers)), so that it saves them itself";
const callApart =
  "have the patch call the function from a new noinline one that takes at most six arguments, and call that";

function refusal(
  name: string,
  told: Pick<BuildRefusal, "where" | "reasons" | "remedy">,
): BuildRefusal {
  return { rule: "caller-relies", what: `function "${name}"`, ...told };
}
