// What a step does to the hypervisor's code, function by function: the bytes at each entry before
// and after.

import { hexNumber } from "../bytes/hex.ts";
import type { XenModel } from "../xen-model/model.ts";
import type { PlayedStep } from "./step.ts";
import { isInImage, type Subject, type SubjectEntry } from "./subject.ts";

export type EffectKind = "newly-patched" | "patched-again" | "reverted" | "unchanged";

export interface FunctionEffect {
  readonly name: string;
  /** As hex text; left out where nobody has the function. */
  readonly address?: string;
  readonly effect: EffectKind;
  /** Hex of the bytes at the entry, `??` for one that depends on the host's CPU. */
  readonly before?: string;
  readonly after?: string;
}

/** A jump behind a landing mark, and some of what stays. */
const ENTRY_SIZE = 16;

/**
 * Of the payload's own functions, once each, those that it only looks at last; then, for a REPLACE, of
 * those that others had patched.
 */
export function effectsOf(
  played: PlayedStep,
  subject: Subject,
  replaced: readonly Subject[],
): readonly FunctionEffect[] {
  // A payload's own marker is no function of the hypervisor.
  const functions = subject.entries.filter(({ oldAddress }) => !isOwn(oldAddress, played));
  const seen = new Set<bigint>();
  const own = [
    ...functions.filter(({ written }) => written !== undefined),
    ...functions.filter(({ written }) => written === undefined).map(wholeFunction),
  ].flatMap((entry) => effectOf(played, entry, seen));
  const others = played.action === "replace" ? replaced.flatMap(({ entries }) => entries) : [];
  const reverted = others
    .filter(({ oldAddress, written }) => written !== undefined && oldAddress !== undefined)
    .flatMap((entry) => effectOf(played, entry, seen));
  return [...own, ...reverted.filter(({ effect }) => effect !== "unchanged")];
}

/** A check of old code begins anywhere in its function. */
function wholeFunction(entry: SubjectEntry): EffectPlace {
  const { oldFunction, label, oldAddress } = entry;
  if (oldFunction === undefined) return { label, oldAddress };
  return { label: oldFunction.name, oldAddress: oldFunction.address };
}

type EffectPlace = Pick<SubjectEntry, "label" | "oldAddress">;

function isOwn(address: bigint | undefined, { loaded }: PlayedStep): boolean {
  if (address === undefined || loaded === undefined) return false;
  const { base, bytes } = loaded.placement;
  return base <= address && address < base + BigInt(bytes.length);
}

/** Nothing for a place that was seen before. */
function effectOf(
  { before, after }: PlayedStep,
  { label, oldAddress }: EffectPlace,
  seen: Set<bigint>,
): readonly FunctionEffect[] {
  if (oldAddress === undefined) return [{ name: label, effect: "unchanged" }];
  if (seen.has(oldAddress)) return [];
  seen.add(oldAddress);
  const old = bytesAt(before, oldAddress);
  const now = after.death === undefined ? bytesAt(after, oldAddress) : old;
  const pristine = bytesAt(before, oldAddress, "pristine");
  return [
    {
      ...{ name: label, address: hexNumber(oldAddress), effect: kindOf(pristine, old, now) },
      ...(old === undefined ? {} : { before: old }),
      ...(now === undefined ? {} : { after: now }),
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

/** `undefined` where nothing is mapped, or the model does not follow. */
function bytesAt(
  model: XenModel,
  address: bigint,
  which: "now" | "pristine" = "now",
): string | undefined {
  const { hypervisor } = model;
  const isOurs = which === "pristine" && isInImage(address, hypervisor);
  const found = isOurs
    ? hypervisor.memory.read(address, ENTRY_SIZE)
    : model.read(address, ENTRY_SIZE);
  if (found.kind !== "bytes") return undefined;
  return [...found.bytes]
    .map((byte, index) => (found.unknown?.[index] ? "??" : byte.toString(16).padStart(2, "0")))
    .join("");
}
