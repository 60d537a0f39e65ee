// Payloads that go from one channel to another, and those that leave one.

import { DepotError } from "../errors.ts";
import type { WishedPayload } from "../form.ts";
import { contentsOf, heldCandidate, withContents, withPayloads } from "./contents.ts";
import { changeDraft, requireBase, requireChannel, writeDraft } from "./draft.ts";

/** All that `from` has for the bases goes to `to` as it is. @returns the bases that changed */
export function promote(
  depot: string,
  {
    from,
    to,
    bases,
  }: { readonly from: string; readonly to: string; readonly bases: readonly string[] },
): Promise<readonly string[]> {
  return changeDraft(depot, (draft) => {
    const source = requireChannel(draft, from);
    requireChannel(draft, to);
    const wanted =
      bases.length > 0 ? bases.map((word) => requireBase(draft, word)) : Object.keys(source.bases);
    let after = draft;
    const changed: string[] = [];
    for (const base of wanted) {
      const [contents, there] = [contentsOf(draft, from, base), contentsOf(draft, to, base)];
      const ids = new Set(contents.payloads.map(({ buildId }) => buildId));
      const gone = there.payloads.filter(({ buildId }) => !ids.has(buildId));
      const kept = {
        ...withPayloads(there, contents.payloads, gone),
        needsReboot: contents.needsReboot,
      };
      if (JSON.stringify(kept) === JSON.stringify(there)) continue;
      after = withContents(after, to, base, kept);
      changed.push(base);
    }
    writeDraft(depot, after);
    return changed;
  });
}

/** Takes payloads out of a channel, by name. @returns the bases that changed */
export function withdraw(
  depot: string,
  {
    channel,
    names,
    bases,
  }: {
    readonly channel: string;
    readonly names: readonly string[];
    readonly bases: readonly string[];
  },
): Promise<readonly string[]> {
  return changeDraft(depot, (draft) => {
    const { bases: all } = requireChannel(draft, channel);
    const wanted =
      bases.length > 0 ? bases.map((word) => requireBase(draft, word)) : Object.keys(all);
    const known = new Set(
      wanted.flatMap((base) => all[base]?.payloads ?? []).map(({ name }) => name),
    );
    const stranger = names.find((name) => !known.has(name));
    if (stranger !== undefined) {
      throw new DepotError({
        code: "depot/bad-request",
        problem: `Cannot revoke "${stranger}": channel ${channel} has no payload of that name`,
        expected:
          known.size === 0 ? "a payload; the channel has none" : `one of ${[...known].join(", ")}`,
      });
    }
    let after = draft;
    const changed: string[] = [];
    for (const base of wanted) {
      const contents = contentsOf(draft, channel, base);
      const gone = contents.payloads.filter(({ name }) => names.includes(name));
      if (gone.length === 0) continue;
      const rest = contents.payloads.filter((payload) => !gone.includes(payload));
      requireFoundation(depot, rest, gone);
      after = withContents(after, channel, base, withPayloads(contents, rest, gone));
      changed.push(base);
    }
    writeDraft(depot, after);
    return changed;
  });
}

/** What stays must not depend on what goes. */
function requireFoundation(
  depot: string,
  rest: readonly WishedPayload[],
  gone: readonly WishedPayload[],
): void {
  for (const payload of rest) {
    const { depends } = heldCandidate(depot, payload);
    const below = gone.find(({ buildId }) => buildId === depends);
    if (below === undefined) continue;
    throw new DepotError({
      code: "depot/bad-request",
      problem: `Cannot revoke "${below.name}" alone: "${payload.name}" was built on it`,
      remedy: "revoke both, and add one that was built without it",
    });
  }
}
