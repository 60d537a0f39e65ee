// Debian's mirrors drop old releases one day: that is told, and is no failure of ours.

import { describe } from "node:test";
import { partsForLab } from "../../src/lab/mod.ts";
import { planParts } from "../../src/parts/mod.ts";

/**
 * For the option `skip` of a test: why this release of Xen cannot be had any more, or false. Any
 * other trouble is left to the test, which fails of it.
 */
export async function whyNoXen(xen: string): Promise<string | false> {
  const { unavailable } = await planParts(partsForLab({ xen, userland: "full" }));
  const gone = unavailable.find(({ reason }) => reason.report.code === "parts/suite-gone");
  return gone === undefined ? false : gone.reason.message;
}

/** `describe()` for tests on one release of Xen; skipped, and told why, when it cannot be had. */
export async function describeOnXen(xen: string, title: string, body: () => void): Promise<void> {
  const skip = await whyNoXen(xen);
  describe(title, { skip }, body);
}
