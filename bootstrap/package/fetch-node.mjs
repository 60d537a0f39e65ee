// Node for machines that have none, or an old one: the official build, as an npm package has it. Which one is
// pinned in node.json, by the digest of all of it.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./run.mjs";

const pinned = JSON.parse(readFileSync(new URL("node.json", import.meta.url), "utf8"));

/** @returns a directory with bin/node and LICENSE */
export function fetchNode(work) {
  const { name, version, integrity } = pinned;
  const quiet = ["--silent", "--prefer-offline", "--pack-destination", work];
  const file = run("npm", ["pack", `${name}@${version}`, ...quiet])
    .toString()
    .trim();
  const bytes = readFileSync(join(work, file));
  const found = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  if (found !== integrity) {
    throw new Error(
      `Cannot package ${name} ${version}: it is not the one that is pinned\n  expected: ${integrity}\n  found:    ${found}`,
    );
  }
  const folder = join(work, "node");
  mkdirSync(folder);
  const wanted = ["package/bin/node", "package/LICENSE"];
  run("tar", ["-xzf", join(work, file), "-C", folder, "--strip-components=1", ...wanted]);
  return folder;
}
