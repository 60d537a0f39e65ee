// Files of the package that are not TypeScript: the agent's source, scripts of the lab.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Two levels above dist/src/lab; the same in a clone and in an installed package. */
export function shareFile(path: string): string {
  const file = fileURLToPath(new URL(`../../../share/${path}`, import.meta.url));
  if (!existsSync(file)) throw new Error(`Bug in xsplice: the package lacks share/${path}`);
  return file;
}
