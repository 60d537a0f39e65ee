// How a step changes the hypervisor's code, function by function: the bytes at each entry before and
// after.

import { hexNumber } from "../bytes/hex.ts";
import type { XenModel } from "../xen-model/model.ts";
import type { PlayedStep } from "./step.ts";
import { isInImage, isInMarker, isOwn, type Subject, type SubjectEntry } from "./subject.ts";

/** `by-hook`: a hook of a payload does that patching in Xen's stead, and what it does is not known. */
export type EffectKind = "newly-patched" | "patched-again" | "reverted" | "unchanged" | "by-hook";

export interface FunctionEffect {
  readonly name: string;
  /** Hex; missing where the function is not known. */
  readonly address?: string;
  readonly effect: EffectKind;
  /**
   * Hex of the bytes at the entry; `??` for a byte that depends on the host's CPU, or on the address
   * that Xen gives to a payload. Missing where a hook has written them, or may have.
   */
  readonly before?: string;
  readonly after?: string;
}

/** A jump after a landing mark, and some of the following bytes. */
const ENTRY_SIZE = 16;

/**
 * The functions that the payload patches, once each, then those that it only compares; for a REPLACE
 * also those that other payloads had patched.
 */
export function effectsOf(
  played: PlayedStep,
  subject: Subject,
  replaced: readonly Subject[],
): readonly FunctionEffect[] {
  const functions = functionsOf(subject);
  const seen = new Set<bigint | string>();
  const hooked = hookedPlaces(subject, replaced, played.action);
  const effectOf = (entry: EffectPlace): readonly FunctionEffect[] => {
    return effectAt(played, entry, seen).map((effect) => withoutClaims(effect, entry, hooked));
  };
  const own = [
    ...functions.filter(({ written }) => written !== undefined),
    ...functions.filter(({ written }) => written === undefined).map(wholeFunction),
  ].flatMap(effectOf);
  const others = played.action === "replace" ? replaced : [];
  const reverted = others
    .flatMap(functionsOf)
    .filter(({ oldAddress, written }) => written !== undefined && oldAddress !== undefined)
    .flatMap(effectOf);
  return [...own, ...reverted.filter(({ effect }) => effect !== "unchanged")];
}

interface HookedPlaces {
  readonly before: ReadonlySet<bigint>;
  readonly now: ReadonlySet<bigint>;
}

/** Where code is not as Xen would have made it, but as a hook of a payload has, or does now. */
function hookedPlaces(
  subject: Subject,
  below: readonly Subject[],
  action: PlayedStep["action"],
): HookedPlaces {
  const own = hasHook(subject, "apply") ? writtenBy(subject) : [];
  const others = action === "replace" ? below.filter((one) => hasHook(one, "revert")) : [];
  return {
    before: new Set(below.filter((one) => hasHook(one, "apply")).flatMap(writtenBy)),
    now: new Set([...own, ...others.flatMap(writtenBy)]),
  };
}

function hasHook({ contents }: Subject, wanted: "apply" | "revert"): boolean {
  return contents?.hooks.some(({ kind }) => kind === wanted) ?? false;
}

function writtenBy(subject: Subject): readonly bigint[] {
  return functionsOf(subject).flatMap(({ written, oldAddress }) => {
    return written === undefined || oldAddress === undefined ? [] : [oldAddress];
  });
}

function withoutClaims(
  { before, after, ...rest }: FunctionEffect,
  { oldAddress }: EffectPlace,
  hooked: HookedPlaces,
): FunctionEffect {
  const wasHooked = oldAddress !== undefined && hooked.before.has(oldAddress);
  const isHooked = oldAddress !== undefined && hooked.now.has(oldAddress);
  return {
    ...rest,
    ...(isHooked ? { effect: "by-hook" as const } : {}),
    ...(before === undefined || wasHooked ? {} : { before }),
    ...(after === undefined || wasHooked || isHooked ? {} : { after }),
  };
}

/** A marker, in the payload itself or in one below, is not a function. */
function functionsOf(subject: Subject): readonly SubjectEntry[] {
  return subject.entries.filter((entry) => {
    return !isOwn(entry.oldAddress, subject) && !isInMarker(entry);
  });
}

/** A check of old code may start anywhere in its function. */
function wholeFunction(entry: SubjectEntry): EffectPlace {
  const { oldFunction, label, oldAddress } = entry;
  if (oldFunction === undefined) return { label, oldAddress };
  return { label: oldFunction.name, oldAddress: oldFunction.address };
}

type EffectPlace = Pick<SubjectEntry, "label" | "oldAddress">;

/** Nothing for a place that was seen before. */
function effectAt(
  { before, after }: PlayedStep,
  { label, oldAddress }: EffectPlace,
  seen: Set<bigint | string>,
): readonly FunctionEffect[] {
  const place = oldAddress ?? label;
  if (seen.has(place)) return [];
  seen.add(place);
  if (oldAddress === undefined) return [{ name: label, effect: "unchanged" }];
  const old = bytesAt(before, oldAddress);
  const now = after.death === undefined ? bytesAt(after, oldAddress) : old;
  const pristine = bytesAt(before, oldAddress, "pristine");
  return [
    {
      name: label,
      address: hexNumber(oldAddress),
      effect: kindOf(pristine?.exact, old?.exact, now?.exact),
      ...(old === undefined ? {} : { before: old.told }),
      ...(now === undefined ? {} : { after: now.told }),
    },
  ];
}

function kindOf(
  pristine: string | undefined,
  before: string | undefined,
  after: string | undefined,
): EffectKind {
  if (before === after) return "unchanged";
  if (after === pristine) return "reverted";
  return before === pristine ? "newly-patched" : "patched-again";
}

interface EntryBytes {
  /** As they are in the model, with the addresses that it chose. */
  readonly exact: string;
  /** With `??` for bytes that only the host knows. */
  readonly told: string;
}

/** `undefined` where nothing is mapped, or the model does not support the memory. */
function bytesAt(
  model: XenModel,
  address: bigint,
  which: "now" | "pristine" = "now",
): EntryBytes | undefined {
  const { hypervisor } = model;
  const isOurs = which === "pristine" && isInImage(address, hypervisor);
  const found = isOurs
    ? hypervisor.memory.read(address, ENTRY_SIZE)
    : model.read(address, ENTRY_SIZE);
  if (found.kind !== "bytes") return undefined;
  const exact = [...found.bytes].map((byte) => byte.toString(16).padStart(2, "0"));
  const told = exact.map((hex, index) => (found.unknown?.[index] ? "??" : hex));
  return { exact: exact.join(""), told: told.join("") };
}
