// Determines what a host runs, from Xen's list, the metadata of our payloads, the journal and the given
// files. Facts that cannot be known are reported as unknown.

import type { HostInfo, ListedPayload } from "../host/host.ts";
import { settledState } from "../host/settled-state.ts";
import { noAddresses } from "./code-range.ts";
import { factsOfMetadata } from "./facts.ts";
import type { AppliedStack, HostState, LoadedPayload } from "./host-state.ts";
import { inferOrder } from "./infer-order.ts";
import { appliedIn, endInJournal, sceneAfter } from "./journal.ts";
import type { Journal, JournalPayload } from "./journal-form.ts";
import { liftedSince } from "./lifted.ts";
import type { GivenPayload, Piece } from "./piece.ts";
import { relationsOf } from "./relations.ts";

export interface Observation {
  readonly info: Pick<HostInfo, "buildId" | "bootId">;
  readonly nodeps: HostState["nodeps"];
  readonly list: readonly ListedPayload[];
  /** The journal in the host's dom0; one of an earlier boot is ignored. */
  readonly journal: Journal | "unreadable" | undefined;
  /** What was applied at the end of the boot before, where the journal goes on from there. */
  readonly beforeBoot?: readonly string[] | undefined;
  /** Files of payloads that may be loaded. */
  readonly files: readonly GivenPayload[];
  /** From hosts that record the order, such as the model: names, from the bottom to the top. */
  readonly stack?: readonly string[];
}

export interface Reconstruction {
  readonly state: HostState;
  readonly journal: JournalVerdict;
}

export type JournalVerdict =
  | "none"
  /** Damaged, of another release, or out of reach; it is renamed before the next one is written. */
  | "unreadable"
  /** Of another boot: all payloads in it are gone. */
  | "other-boot"
  /** Somebody else changed the host since. */
  | "contradicted"
  | "fits";

export function reconstructState(observation: Observation): Reconstruction {
  const { info, list, nodeps } = observation;
  const { journal, verdict } = judgeJournal(observation);
  const scene = verdict === "fits" && journal ? sceneAfter(journal, list) : undefined;
  const loaded = list.map((listed, index): LoadedPayload => {
    const remembered = scene?.loaded[index] ?? findRemembered(listed, journal);
    return {
      ...toLoaded(listed, remembered, observation.files),
      ...historyOf(scene?.loaded[index]),
    };
  });
  const stack = stackOf(observation, loaded, scene?.stack, verdict);
  const goal = verdict === "fits" ? journal?.goal : undefined;
  const lifted = liftedOf(journal, list, verdict);
  const state: HostState = {
    xenBuildId: info.buildId,
    bootId: info.bootId,
    nodeps,
    loaded,
    stack,
    ...(goal && { interruptedGoal: goal }),
    ...(lifted && { lifted }),
    ...goneOf(journal, list),
    ...lostInReboot(observation, verdict),
  };
  return { state, journal: verdict };
}

function lostInReboot(
  { journal, list, beforeBoot }: Observation,
  verdict: JournalVerdict,
): Pick<HostState, "lostInReboot"> {
  const isOfOther = verdict === "other-boot" && journal !== "unreadable";
  const former = beforeBoot ?? (isOfOther ? journal?.scene.stack : undefined) ?? [];
  const applied = appliedIn(list);
  const lost = former.filter((name) => !applied.includes(name));
  return lost.length === 0 ? {} : { lostInReboot: lost };
}

function judgeJournal({ journal, info, list }: Observation): {
  readonly journal: Journal | undefined;
  readonly verdict: JournalVerdict;
} {
  if (journal === undefined) return { journal, verdict: "none" };
  if (journal === "unreadable") return { journal: undefined, verdict: "unreadable" };
  if (journal.bootId !== info.bootId) return { journal: undefined, verdict: "other-boot" };
  const verdict = sceneAfter(journal, list) === undefined ? "contradicted" : "fits";
  return { journal, verdict };
}

function liftedOf(
  journal: Journal | undefined,
  list: readonly ListedPayload[],
  verdict: JournalVerdict,
): HostState["lifted"] {
  if (journal === undefined) return undefined;
  if (verdict === "contradicted") return liftedSince(journal, appliedIn(list));
  return endInJournal(journal, list)?.lifted;
}

/**
 * Also from a journal that the list contradicts: what it recorded did happen. The log has uploads that
 * Xen refused; any other action was one of a loaded payload.
 */
function goneOf(
  journal: Journal | undefined,
  list: readonly ListedPayload[],
): Pick<HostState, "gone"> {
  const acted = (journal?.log ?? []).filter(({ action }) => action !== "upload");
  const gone = new Set([...acted, ...(journal?.scene.loaded ?? [])].map(({ name }) => name));
  for (const { name } of list) gone.delete(name);
  return gone.size === 0 ? {} : { gone: [...gone] };
}

/** Also from a journal that the list contradicts: a build-id always means the same payload. */
function findRemembered(
  { metadata }: ListedPayload,
  journal: Journal | undefined,
): JournalPayload | undefined {
  const { buildId } = factsOfMetadata(metadata);
  if (buildId === undefined) return undefined;
  return journal?.scene.loaded.find(({ facts }) => facts.buildId === buildId);
}

function historyOf(remembered: JournalPayload | undefined): Pick<LoadedPayload, "history"> {
  return { history: remembered?.history ?? "unknown" };
}

function toLoaded(
  { name, status, metadata }: ListedPayload,
  remembered: JournalPayload | undefined,
  files: readonly GivenPayload[],
): Omit<LoadedPayload, "history"> {
  const told = factsOfMetadata(metadata);
  const buildId = told.buildId ?? remembered?.facts.buildId;
  const file = files.find((given) =>
    buildId === undefined
      ? given.name === name && hasMetadata(given, metadata)
      : given.facts.buildId === buildId,
  );
  return { name, status, facts: file?.facts ?? remembered?.facts ?? told };
}

/** A payload of another tool: the user who gives a file of its name declares it to be this payload. */
function hasMetadata({ facts }: GivenPayload, metadata: readonly string[] | undefined): boolean {
  return metadata === undefined || metadata.join("\0") === (facts.metadata ?? []).join("\0");
}

function stackOf(
  { list, stack, info }: Observation,
  loaded: readonly LoadedPayload[],
  remembered: readonly string[] | undefined,
  verdict: JournalVerdict,
): AppliedStack {
  const isApplied = list.map(({ status }) => settledState(status) === "applied");
  const applied = loaded.filter((_, index) => isApplied[index]);
  const names = applied.map(({ name }) => name);
  if (stack !== undefined) return { kind: "known", names: stack, evidence: "host" };
  if (names.length < 2) return { kind: "known", names, evidence: "no-choice" };
  if (remembered !== undefined) return { kind: "known", names: remembered, evidence: "journal" };
  const pieces = applied.map(({ name, facts }): Piece => ({ name, facts, file: undefined }));
  const relations = relationsOf(pieces, info.buildId, noAddresses);
  const inferred = inferOrder(pieces, info.buildId, relations);
  if (inferred.kind === "order") {
    const inOrder = inferred.pieces.map(({ name }) => name);
    return { kind: "known", names: inOrder, evidence: "dependencies" };
  }
  const known = inferred.known.map(([below, above]) => [below.name, above.name] as const);
  return { kind: "unknown", names, known, reasons: [...inferred.reasons, aboutJournal[verdict]] };
}

const aboutJournal: Readonly<Record<JournalVerdict, string>> = {
  none: "there is no journal of this host",
  unreadable: "the journal of this host cannot be read",
  "other-boot": "the journal of this host is from before its last boot",
  contradicted: "the journal of this host does not contain all later actions",
  fits: "the journal of this host began when the order was already unknown",
};
