// Scripts that start programs of an unpacked part with the libraries that were unpacked with them, and this
// machine's own libc: for compilers, which start further programs themselves. They lie beside the part's
// files, and find them from there, so that whoever shows the one shows the other.

import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** @param root of the part's files */
export function startersOf(root: string): string {
  return join(dirname(root), "bin");
}

export function writeStarters(root: string, programs: readonly string[]): void {
  const folder = startersOf(root);
  mkdirSync(folder);
  for (const name of programs) {
    const path = join(folder, name);
    writeFileSync(path, STARTER);
    chmodSync(path, 0o755);
  }
}

const STARTER = `#!/bin/sh
root=\${0%/*}/../root
export LD_LIBRARY_PATH="$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu"
exec "$root/usr/bin/\${0##*/}" "$@"
`;
