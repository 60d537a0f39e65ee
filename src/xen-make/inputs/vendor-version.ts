// The version that a vendor gives its builds, such as the -2 of XCP-ng's 4.17.6-2: an argument of make that no
// source has (XEN_VENDORVERSION), so it is taken from the hypervisor itself. Without it, whatever tells the
// version would come out otherwise than in the hypervisor that runs.

import type { SourceVersion } from "../source-tree.ts";
import type { MakeTools } from "../tools.ts";

/** It becomes an argument of make, which expands it. */
const HARMLESS = /^[\w.+~-]*$/;

/**
 * Tools that build with the version's text that the hypervisor has.
 * @param told what the hypervisor says behind its number: ".6-2"
 */
export function withVendorVersion(
  tools: MakeTools,
  { extra: own }: Pick<SourceVersion, "extra">,
  told: string | undefined,
): MakeTools {
  if (own === undefined || told === undefined || told === own) return tools;
  // Of another point release it is no vendor's text, and the difference is to be seen.
  const vendor = told.startsWith(own) ? told.slice(own.length) : "";
  if (vendor === "" || /^\d/.test(vendor) || !HARMLESS.test(vendor)) return tools;
  return { ...tools, variables: [...tools.variables, `XEN_VENDORVERSION=${vendor}`] };
}
