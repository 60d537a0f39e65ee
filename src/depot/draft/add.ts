// What comes into a channel: payloads with the fixes that they close, and fixes that need a reboot. Files of
// payloads are kept by their digest.

import { sha256 } from "../../bytes/sha256.ts";
import type { RuleId } from "../../check/rules.ts";
import { writeWhole } from "../../files/write-whole.ts";
import { DepotError } from "../errors.ts";
import {
  type Contents,
  type Evidence,
  type Fix,
  isFileName,
  type Unfixable,
  type WishedPayload,
} from "../form.ts";
import { admit, type Candidate } from "./admit.ts";
import { openBaseModel } from "./bases.ts";
import { candidateOf, contentsOf, heldCandidate, withContents, withPayloads } from "./contents.ts";
import { changeDraft, depotFolders, requireBase, writeDraft } from "./draft.ts";

interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface AddRequest {
  readonly channel: string;
  /** Of the base: build-id, its beginning, or label; by default the one that the payload names. */
  readonly base: string | undefined;
  readonly payload: NamedFile & { readonly source: string };
  readonly fixes: readonly Fix[];
  readonly evidence: readonly NamedFile[];
  readonly allowed: readonly RuleId[];
}

export interface Added {
  readonly base: string;
  readonly label: string;
  readonly payload: WishedPayload;
  /** Names of payloads that it takes the place of, being cumulative. */
  readonly replaced: readonly string[];
}

/** @throws DepotError */
export function addPayload(depot: string, request: AddRequest): Promise<Added> {
  const { payload: file, channel } = request;
  const candidate = candidateOf(file);
  return changeDraft(depot, (draft) => {
    const base = requireBase(draft, request.base ?? candidate.xenDepends ?? "?");
    if (candidate.xenDepends !== undefined && candidate.xenDepends !== base) {
      throw new DepotError({
        code: "depot/refused-payload",
        problem: `Cannot add "${file.source}": it is for another hypervisor than its base`,
        expected: `${base}, the base's build-id\n${candidate.xenDepends} is what the payload names`,
      });
    }
    const contents = contentsOf(draft, channel, base);
    requireNew(candidate, contents, file.source);
    requireNames(file.name, request.evidence);
    const held = contents.payloads.map((payload) => heldCandidate(depot, payload));
    const hypervisor = openBaseModel(depot, base);
    admit(candidate, { hypervisor, xenBuildId: base, held, allowed: request.allowed });
    const evidence = request.evidence.map((one) => keepEvidence(depot, file.name, one));
    const payload = keepPayload(depot, { candidate, evidence, request });
    const isAll = candidate.mode === "cumulative";
    const replaced = isAll ? contents.payloads : [];
    const after = withPayloads(contents, [...(isAll ? [] : contents.payloads), payload], replaced);
    const added = new Set(request.fixes.map(({ advisory }) => advisory));
    const needsReboot = after.needsReboot.filter(({ advisory }) => !added.has(advisory));
    writeDraft(depot, withContents(draft, channel, base, { ...after, needsReboot }));
    const label = draft.bases[base]?.label ?? base;
    return { base, label, payload, replaced: replaced.map(({ name }) => name) };
  });
}

/** Fixes that a base cannot have without a reboot. */
export function addUnfixable(
  depot: string,
  { channel, base, ...fix }: Unfixable & { readonly channel: string; readonly base: string },
): Promise<string> {
  return changeDraft(depot, (draft) => {
    const id = requireBase(draft, base);
    const contents = contentsOf(draft, channel, id);
    const others = contents.needsReboot.filter(({ advisory }) => advisory !== fix.advisory);
    writeDraft(
      depot,
      withContents(draft, channel, id, { ...contents, needsReboot: [...others, fix] }),
    );
    return id;
  });
}

function requireNew({ name, buildId }: Candidate, { payloads }: Contents, source: string): void {
  const same = payloads.find((payload) => payload.name === name || payload.buildId === buildId);
  if (same === undefined) return;
  throw new DepotError({
    code: "depot/bad-request",
    problem: `Cannot add "${source}": the channel has ${same.buildId === buildId ? "this payload" : "another payload of that name"} for this base already`,
    where: `${same.name}, build-id ${same.buildId}`,
    remedy: "revoke that one first, or give the new one another name",
  });
}

/** They become names of files, on a web server too. */
function requireNames(name: string, evidence: readonly NamedFile[]): void {
  const names = [`${name}.livepatch`, ...evidence.map((one) => `${name}.${one.name}`)];
  const wrong = names.find((one, index) => !isFileName(one) || names.indexOf(one) !== index);
  if (wrong === undefined) return;
  throw new DepotError({
    code: "depot/bad-request",
    problem: `Cannot keep a file "${wrong}" in a depot`,
    expected: "letters, digits, . _ + @ and -, at most 127 characters, and no name twice",
    remedy: "rename the file, or name the payload with --name",
  });
}

function keepEvidence(depot: string, payload: string, { name, bytes }: NamedFile): Evidence {
  const digest = sha256(bytes);
  writeWhole(depotFolders(depot).fileOf(digest), bytes);
  return { file: `${payload}.${name}`, sha256: digest, sizeBytes: bytes.length };
}

function keepPayload(
  depot: string,
  kept: {
    readonly candidate: Candidate;
    readonly evidence: readonly Evidence[];
    readonly request: AddRequest;
  },
): WishedPayload {
  const { candidate, evidence, request } = kept;
  const { name, bytes, buildId } = candidate;
  const digest = sha256(bytes);
  writeWhole(depotFolders(depot).fileOf(digest), bytes);
  const mode = candidate.mode as WishedPayload["mode"];
  const file = `${name}.livepatch`;
  const { fixes, allowed } = request;
  return {
    name,
    file,
    sha256: digest,
    sizeBytes: bytes.length,
    buildId,
    mode,
    fixes,
    evidence,
    allowed,
  };
}
