// What is said of the packages: version, time, licences; and what makes their bytes the same each time.

import { chmodSync, lstatSync, lutimesSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../setup.mjs";
import { run } from "./run.mjs";
import { licenceOf, packagesIn } from "./tree.mjs";

/** Seconds since 1970. */
export function timeOf() {
  const given = process.env.SOURCE_DATE_EPOCH;
  if (given !== undefined && /^\d+$/.test(given)) return Number(given);
  return Number(run("git", ["log", "-1", "--format=%ct"], { cwd: root }).toString());
}

export function describe(tree, time) {
  const { version, description } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const node = JSON.parse(readFileSync(new URL("node.json", import.meta.url), "utf8"));
  const bundled = packagesIn(join(tree, "lib/xsplice")).map(({ folder, name }) => {
    const licence = licenceOf(folder);
    if (licence === undefined) throw new Error(`Cannot package ${name}: it names no licence`);
    return { name, licence };
  });
  return { version, description, time, node, bundled };
}

/** Times and modes are no matter of who packages, and when. */
export function settle(folder, time) {
  for (const entry of [".", ...readdirSync(folder, { recursive: true })]) {
    const path = join(folder, entry);
    const status = lstatSync(path);
    if (!status.isSymbolicLink()) {
      const runs = status.isDirectory() || (status.mode & 0o100) !== 0;
      chmodSync(path, runs ? 0o755 : 0o644);
    }
    lutimesSync(path, time, time);
  }
}

/** One thread: more of them cut the data by what the machine has. Beyond 2 it takes minutes, for 7 MB less. */
export const XZ_LEVEL = 2;
export const XZ = ["xz", `-${XZ_LEVEL}`, "-T1", "-c"];
