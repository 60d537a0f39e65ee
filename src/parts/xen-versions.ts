// Which versions of a release's Xen the mirror has.

import { findVersions, forgetParsedLists } from "./apt-suite.ts";
import { cacheFolder, requireCacheFolder } from "./cache-folder.ts";
import { withLock } from "./lock.ts";
import { suiteOpener } from "./open-suite.ts";
import type { PlanOptions } from "./plan.ts";
import { type DebianRelease, hypervisorPackages } from "./xen-parts.ts";

/**
 * Versions of its hypervisor package, newest first.
 * @throws PartsError; the reason of `signal`
 */
export async function listXenVersions(
  release: DebianRelease,
  options: PlanOptions = {},
): Promise<readonly string[]> {
  const cache = options.cache ?? cacheFolder(options.environment);
  requireCacheFolder(cache);
  const [name = ""] = hypervisorPackages(release);
  const list = async (): Promise<readonly string[]> => {
    const apt = await suiteOpener(cache, options)({ suite: release.suite });
    const versions = await findVersions(apt, name, options.signal);
    forgetParsedLists(apt);
    return versions;
  };
  return await withLock(cache, "apt", list, options.signal);
}
