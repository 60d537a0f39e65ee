// What the keys at hand do not sign for: payloads that nobody has built again here, of channels that ask for it.
// The threshold counts keys; that each is of somebody who has the same bytes, each keeps to.

import type { Draft } from "../draft/draft.ts";
import type { NotRebuilt, PublishOptions } from "./publish-form.ts";

export function findNotRebuilt(
  { channels, bases }: Draft,
  { isMadeHere = () => true, onlyRebuilt = "where asked" }: PublishOptions,
): readonly NotRebuilt[] {
  return Object.entries(channels).flatMap(([channel, { bases: own, rebuilt = false }]) => {
    if (onlyRebuilt !== "all" && !rebuilt) return [];
    return Object.entries(own).flatMap(([id, { payloads }]) =>
      payloads
        .filter(({ sha256 }) => !isMadeHere(sha256))
        .map(({ name, sha256 }) => ({ channel, base: bases[id]?.label ?? id, name, sha256 })),
    );
  });
}
