// For machines without dpkg, or a user without root: unpack it anywhere, and run bin/xsplice.

import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { settle, XZ } from "./facts.mjs";
import { run } from "./run.mjs";

const COMMAND = `#!/bin/sh
here=$(dirname -- "$(readlink -f -- "$0")")/../lib/xsplice
exec "$here/bin/node" "$here/dist/bundle/cli/main.js" "$@"
`;

export function makeTarball(tree, { version, time }, out, work) {
  const name = `xsplice-${version}-linux-x64`;
  const folder = join(work, "tarball", name);
  cpSync(tree, folder, { recursive: true });
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin/xsplice"), COMMAND, { mode: 0o755 });
  settle(folder, time);
  const same = ["--sort=name", "--format=posix", "--owner=0", "--group=0", "--numeric-owner"];
  const pax = "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime";
  const path = join(out, `${name}.tar.xz`);
  const packed = join(work, `${name}.tar`);
  run("tar", [...same, pax, "-cf", packed, "-C", join(work, "tarball"), name]);
  writeFileSync(path, run(XZ[0], [...XZ.slice(1), packed]));
  return path;
}
