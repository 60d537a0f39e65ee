// What a channel has for a base, and how it becomes something else: pure changes of a draft, and the payloads
// of it as they are played on the model.

import { readFileSync } from "node:fs";
import { parsePayload } from "../../payload/parse.ts";
import { factsOfPayload } from "../../plan/facts.ts";
import { DepotError } from "../errors.ts";
import { type Contents, emptyContents, type WishedPayload } from "../form.ts";
import type { Candidate } from "./admit.ts";
import { type Draft, depotFolders, requireChannel } from "./draft.ts";

export function contentsOf(draft: Draft, channel: string, base: string): Contents {
  return requireChannel(draft, channel).bases[base] ?? emptyContents;
}

export function withPayloads(
  contents: Contents,
  payloads: Contents["payloads"],
  gone: Contents["payloads"],
): Contents {
  const present = new Set(payloads.map(({ buildId }) => buildId));
  const left = gone.map(({ name, buildId }) => ({ name, buildId }));
  const known = new Map([...contents.former, ...left].map((one) => [one.buildId, one]));
  return {
    ...contents,
    payloads,
    former: [...known.values()].filter((one) => !present.has(one.buildId)),
  };
}

export function withContents(
  draft: Draft,
  channel: string,
  base: string,
  contents: Contents,
): Draft {
  const before = requireChannel(draft, channel);
  const changed = { ...before, bases: { ...before.bases, [base]: contents } };
  return { ...draft, channels: { ...draft.channels, [channel]: changed } };
}

/** @throws DepotError depot/refused-payload for one without a build-id */
export function candidateOf({
  name,
  source,
  bytes,
}: Pick<Candidate, "name" | "source" | "bytes">): Candidate & {
  readonly xenDepends: string | undefined;
} {
  const { buildId, depends, xenDepends, mode } = factsOfPayload(parsePayload(bytes, source));
  if (buildId !== undefined) return { name, source, bytes, buildId, depends, xenDepends, mode };
  throw new DepotError({
    code: "depot/refused-payload",
    problem: `Cannot add "${source}": it has no build-id`,
    expected: "a payload with a build-id, by which hosts know what they run",
  });
}

export function heldCandidate(depot: string, { name, sha256: digest }: WishedPayload): Candidate {
  const source = depotFolders(depot).fileOf(digest);
  return candidateOf({ name, source, bytes: new Uint8Array(readFileSync(source)) });
}
