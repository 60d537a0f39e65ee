// The packages whose code the bundled command has in it, and their licences, which go with it.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Folders like "node_modules/commander", sorted; `inputs` are those of esbuild's metafile. */
export function packagesIn(inputs) {
  const folders = Object.keys(inputs).map((path) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path));
  return [...new Set(folders.flatMap((match) => match?.[0] ?? []))].sort();
}

export function licencesOf(folders, root) {
  return folders
    .map((folder) => {
      const place = join(root, folder);
      const { name, version, license } = JSON.parse(
        readFileSync(join(place, "package.json"), "utf8"),
      );
      const file = readdirSync(place).find((one) => /^licen[cs]e/i.test(one));
      if (file === undefined) throw new Error(`${folder} has no licence to go with its code`);
      return `${name} ${version}, ${license}\n\n${readFileSync(join(place, file), "utf8").trim()}\n`;
    })
    .join(`\n${"-".repeat(80)}\n\n`);
}
