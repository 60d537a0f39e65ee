// Downloads the parts that a command needs and the cache lacks, and prints their size.

import { fetchParts } from "./fetch.ts";
import { type PlanOptions, planParts } from "./plan.ts";

/** @throws PartsError of the first part that is not available; the reason of `signal` */
export async function fetchMissing(
  ids: readonly string[],
  options: PlanOptions = {},
): Promise<void> {
  const { onProgress = () => {}, signal } = options;
  const plan = await planParts(ids, options);
  for (const { reason } of plan.unavailable) throw reason;
  if (plan.toFetch.length === 0) return;
  const megabytes = (plan.downloadBytes / 1e6).toFixed(plan.downloadBytes < 10e6 ? 1 : 0);
  const names = plan.toFetch.map(({ definition }) => definition.id).join(", ");
  onProgress({ kind: "note", text: `downloading ${megabytes} MB from Debian's mirror: ${names}` });
  await fetchParts(plan, { onProgress, signal });
}
