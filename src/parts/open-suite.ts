// Opens suites of Debian: the mirror, the keyring, and lists of packages that are some hours old at most.

import { join } from "node:path";
import { aptEnvironment } from "./apt-environment.ts";
import { type DebianMirror, findDebianMirror } from "./apt-mirror.ts";
import {
  type AptSuite,
  type PackageArchitecture,
  type PackageForm,
  type Suite,
  updateSuite,
} from "./apt-suite.ts";
import type { Environment } from "./cache-folder.ts";
import { requireKeyring } from "./keyring.ts";
import type { FetchOptions } from "./progress.ts";

interface SuiteRequest {
  readonly suite: Suite;
  /** "binary" by default. */
  readonly form?: PackageForm;
  /** "amd64" by default. */
  readonly architecture?: PackageArchitecture;
}

export type OpenSuite = (request: SuiteRequest) => Promise<AptSuite>;

/**
 * Opens each suite once; a failed suite fails in the same way the next time. The caller holds the lock
 * "apt" of the cache. What it returns throws PartsError parts/no-apt, parts/no-mirror,
 * parts/no-keyring, parts/suite-gone, parts/suite-unavailable.
 */
export function suiteOpener(
  cache: string,
  options: FetchOptions & { readonly environment?: Environment },
): OpenSuite {
  const opened = new Map<string, Promise<AptSuite>>();
  let mirror: Promise<DebianMirror> | undefined;
  let environment: Promise<NodeJS.ProcessEnv> | undefined;
  const open = async (request: SuiteRequest): Promise<AptSuite> => {
    const { suite, form = "binary", architecture = "amd64" } = request;
    mirror ??= findDebianMirror(join(cache, "apt"), options.environment, options.signal);
    const found = await mirror;
    environment ??= aptEnvironment(join(cache, "apt"), options.signal);
    const apt: AptSuite = {
      suite,
      form,
      architecture,
      folder: join(cache, "apt", folderName(request)),
      mirror: found,
      keyring: await requireKeyring(cache, options),
      environment: await environment,
    };
    await updateSuite(apt, options);
    return apt;
  };
  return (request) => {
    const key = folderName(request);
    const known = opened.get(key) ?? open(request);
    opened.set(key, known);
    return known;
  };
}

function folderName({ suite, form, architecture = "amd64" }: SuiteRequest): string {
  if (form === "source") return `${suite}-source`;
  return architecture === "amd64" ? suite : `${suite}-${architecture}`;
}
