// How a step changes the hypervisor's code, function by function: the bytes at each entry before and
// after.

import { hexNumber } from "../bytes/hex.ts";
import type { XenModel } from "../xen-model/model.ts";
import type { PlayedStep } from "./step.ts";
import { isInImage, isInMarker, isOwn, type Subject, type SubjectEntry } from "./subject.ts";

export type EffectKind = "newly-patched" | "patched-again" | "reverted" | "unchanged";

export interface FunctionEffect {
  readonly name: string;
  /** Hex; missing where the function is not known. */
  readonly address?: string;
  readonly effect: EffectKind;
  /**
   * Hex of the bytes at the entry; `??` for a byte that depends on the host's CPU, or on the address
   * that Xen gives to a payload.
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
  const own = [
    ...functions.filter(({ written }) => written !== undefined),
    ...functions.filter(({ written }) => written === undefined).map(wholeFunction),
  ].flatMap((entry) => effectOf(played, entry, seen));
  const others = played.action === "replace" ? replaced : [];
  const reverted = others
    .flatMap(functionsOf)
    .filter(({ oldAddress, written }) => written !== undefined && oldAddress !== undefined)
    .flatMap((entry) => effectOf(played, entry, seen));
  return [...own, ...reverted.filter(({ effect }) => effect !== "unchanged")];
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
function effectOf(
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
