// Where the debug symbols of a lab's hypervisor lie, without starting the lab.

import assert from "node:assert/strict";
import { chooseHypervisor, findHypervisorFiles } from "../../src/lab/xen-choice.ts";
import { cacheFolder } from "../../src/parts/cache-folder.ts";

/** Path of xen-syms, perhaps compressed. @param release "4.17" */
export function symbolsOf(release: string): string {
  const files = findHypervisorFiles(chooseHypervisor(release), undefined, { cache: cacheFolder() });
  assert.ok(files.symbols, `there are no symbols of Xen ${release}`);
  return files.symbols;
}
