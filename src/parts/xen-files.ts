// The files of an unpacked hypervisor package: what boots, its symbols and its configuration.

import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Paths; undefined where there is no such file. */
export interface XenFiles {
  /** As a boot loader takes it, compressed. */
  readonly image: string | undefined;
  /** Perhaps a `.gz`. */
  readonly symbols: string | undefined;
  readonly config: string | undefined;
}

/** @param root contains `boot` and `usr` */
export function findXenFiles(root: string): XenFiles {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).sort();
  const find = (form: RegExp): string | undefined => {
    const found = files.find((path) => form.test(path));
    return found === undefined ? undefined : join(root, found);
  };
  return {
    image: find(/^boot\/xen-[^/]*\.gz$/),
    symbols: find(/(^|\/)xen-syms-[^/]*(?<!\.map|\.map\.gz)$/),
    config: find(/^boot\/xen-[^/]*\.config$/),
  };
}
