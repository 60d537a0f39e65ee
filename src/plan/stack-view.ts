// What a host runs, for people and scripts: the stack, the functions that each payload replaces, and
// those of them that run the code of a higher payload.

import type { GuardLevel, PayloadMode } from "../payload/metadata-keys.ts";
import { noAddresses } from "./code-range.ts";
import type { HostState, StackEvidence } from "./host-state.ts";
import { type Piece, replacesFunction } from "./piece.ts";
import { relationsOf } from "./relations.ts";

export interface StackView {
  readonly xenBuildId: string | undefined;
  /** The applied payloads; from the bottom to the top when the order is known, else in load order. */
  readonly applied: readonly AppliedView[];
  readonly order:
    | { readonly kind: "known"; readonly evidence: StackEvidence }
    | {
        readonly kind: "unknown";
        /** Pairs of names whose order is known nevertheless, the lower one first. */
        readonly known: readonly (readonly [below: string, above: string])[];
        readonly reasons: readonly string[];
      };
  /** Names of loaded payloads that are not applied. */
  readonly idle: readonly string[];
  /** The goal of a sync that has not ended. */
  readonly interruptedGoal?: readonly string[];
  /** Names of payloads that were applied before the last reboot, and are not now. */
  readonly lostInReboot?: readonly string[];
}

export interface AppliedView {
  readonly name: string;
  readonly buildId: string | undefined;
  /** `undefined` also for payloads that xSplice did not make. */
  readonly mode: PayloadMode | undefined;
  readonly guard: GuardLevel | undefined;
  /** The highest applied payload that it was built on; `undefined`: the hypervisor, or not known. */
  readonly on: string | undefined;
  /** `undefined` when it is unknown which functions the payload replaces. */
  readonly functions: readonly FunctionView[] | undefined;
}

export interface FunctionView {
  readonly name: string;
  /** Higher payloads that replace it too, the highest last; all of them where the order is unknown. */
  readonly overlappedBy: readonly string[];
  /** The highest of them, if it was certainly not built on this one: this one's fix is not in force. */
  readonly lostTo: readonly string[];
}

export function viewStack(state: HostState): StackView {
  const { loaded, stack, xenBuildId, interruptedGoal, lostInReboot } = state;
  const pieces = stack.names.flatMap((name): Piece[] => {
    const found = loaded.find((payload) => payload.name === name);
    return found === undefined ? [] : [{ name, facts: found.facts, file: undefined }];
  });
  const relations = relationsOf(pieces, xenBuildId, noAddresses);
  const applied = pieces.map((piece, index): AppliedView => {
    const { buildId, mode, guard, functions } = piece.facts;
    const others =
      stack.kind === "known" ? pieces.slice(index + 1) : pieces.filter((other) => other !== piece);
    // Where two claim to be above each other, neither is shown so.
    const on = pieces.findLast(
      (lower) => lower !== piece && relations.knows(piece, lower) && !relations.knows(lower, piece),
    );
    return {
      name: piece.name,
      buildId,
      mode,
      guard,
      on: on?.name,
      functions: functions?.map((name) => {
        const above = others.filter((other) => replacesFunction(other, name));
        const isLost = (other: Piece) => {
          return stack.kind === "known" && isOurs(other) && !relations.knows(other, piece);
        };
        return {
          name,
          overlappedBy: namesOf(above),
          lostTo: namesOf(above.slice(-1).filter(isLost)),
        };
      }),
    };
  });
  const order =
    stack.kind === "known"
      ? ({ kind: "known", evidence: stack.evidence } as const)
      : ({ kind: "unknown", known: stack.known, reasons: stack.reasons } as const);
  const idle = loaded.map(({ name }) => name).filter((name) => !stack.names.includes(name));
  return {
    xenBuildId,
    applied,
    order,
    idle,
    ...(interruptedGoal && { interruptedGoal }),
    ...(lostInReboot && { lostInReboot }),
  };
}

/** For others, only build-ids show what they were built on. */
function isOurs({ facts }: Piece): boolean {
  return facts.mode !== undefined;
}

function namesOf(pieces: readonly Piece[]): readonly string[] {
  return pieces.map(({ name }) => name);
}
