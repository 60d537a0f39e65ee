// What the corpus is built against: the source, configuration and symbols of the one Xen that can be
// had with all three, from Debian's packages. Fetched when they are not there yet, with sizes told.

import { join } from "node:path";
import { megabytes, progressLine } from "../../src/cli/text/progress.ts";
import { partsForLab } from "../../src/lab/mod.ts";
import { fetchParts, planParts } from "../../src/parts/mod.ts";
import { requirePart } from "../../src/parts/parts.ts";
import { PINNED_XEN_4_17 } from "../../src/parts/xen-parts.ts";
import { buildParts } from "../../src/xen-make/tools.ts";
import { whyNoCompiler } from "../why-no-build.ts";

export interface CorpusSource {
  /** Folder of the source. */
  readonly source: string;
  readonly xenSyms: string;
  readonly config: string;
}

const parts = [...buildParts, "xen-4.17", "xen-source-4.17"];

/**
 * For the option `skip` of a test: why the source cannot be had any more, or false. Any other trouble
 * is left to the test, which fails of it.
 */
export async function whyNoCorpusSource(): Promise<string | false> {
  const unequipped = whyNoCompiler();
  if (unequipped !== false) return unequipped;
  const { unavailable } = await planParts([...new Set([...parts, ...partsForLab({})])]);
  const gone = unavailable.find(({ reason }) => reason.report.code === "parts/suite-gone");
  return gone === undefined ? false : gone.reason.message;
}

/** @throws PartsError for a part that cannot be had */
export async function fetchCorpusSource(): Promise<CorpusSource> {
  const { onProgress, end } = progressLine(process);
  const plan = await planParts(parts, { onProgress });
  const [gone] = plan.unavailable;
  if (gone !== undefined) throw gone.reason;
  for (const { definition, downloadBytes } of plan.toFetch) {
    const size = megabytes(downloadBytes);
    process.stderr.write(`Fetching ${size}: ${definition.id}, ${definition.purpose}\n`);
  }
  await fetchParts(plan, { onProgress });
  end();
  const xen = rootOf("xen-4.17");
  return {
    source: rootOf("xen-source-4.17"),
    xenSyms: join(xen, "usr/lib/debug/boot/xen-syms-4.17-amd64"),
    config: join(xen, "boot/xen-4.17-amd64.config"),
  };
}

function rootOf(id: string): string {
  const part = requirePart(id);
  if (part.kind === "cached") return part.root;
  throw new Error(`part ${id} of Xen ${PINNED_XEN_4_17} has no folder`);
}
