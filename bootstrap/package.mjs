// `npm run package [-- DIR]`: what others install, into DIR (dist-package/): the npm package, and a .deb and a
// tarball that bring their own Node. The same commit gives the same bytes, in any directory; SOURCE_DATE_EPOCH is
// the time in them, that of the commit by default. It needs npm's registry or cache, dpkg-deb, tar, gzip and xz.

import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { makeDeb } from "./package/deb.mjs";
import { describe, timeOf } from "./package/facts.mjs";
import { fetchNode } from "./package/fetch-node.mjs";
import { makeTarball } from "./package/tarball.mjs";
import { packNpm, stage } from "./package/tree.mjs";
import { setUp } from "./setup.mjs";

setUp();
const out = resolve(process.argv[2] ?? "dist-package");
const work = mkdtempSync(join(tmpdir(), "xsplice-package-"));
try {
  mkdirSync(out, { recursive: true });
  const time = timeOf();
  const npm = packNpm(out);
  const node = fetchNode(work);
  // From here on there is one tree, with all that a machine without Node and npm needs.
  const tree = stage(join(work, "tree"), npm, node);
  const facts = describe(tree, time);
  const made = [npm, makeTarball(tree, facts, out, work), makeDeb(tree, facts, out, work)];
  writeFileSync(join(out, "SHA256SUMS"), made.map(sumOf).sort().join(""));
  for (const path of made) {
    const size = (readFileSync(path).length / 1_000_000).toFixed(1);
    process.stdout.write(`${path}: ${size} MB\n`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** As sha256sum writes and checks it. */
function sumOf(path) {
  const digest = createHash("sha256").update(readFileSync(path)).digest("hex");
  return `${digest}  ${path.slice(out.length + 1)}\n`;
}
