// Puts this xsplice, as it was just built, into a lab's dom0: for what has to run there.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Lab } from "../../src/lab/lab.ts";

const built = fileURLToPath(new URL("../../", import.meta.url));
const project = fileURLToPath(new URL("../../../", import.meta.url));

/** Needs a lab with userland "full". Gives the folder in dom0, laid out as the package is. */
export async function installXsplice(lab: Lab): Promise<string> {
  const folder = "/opt/xsplice";
  const dependencies = ["koffi", "@koromix", "commander", "iced-x86", "valibot"];
  const archive = execFileSync(
    "tar",
    [
      ...["-cf", "-", "--exclude=*.map", "--exclude=*.test.*", "--transform=s,^src,dist/src,"],
      ...["-C", built, "src", "-C", project, "package.json", "share"],
      ...dependencies.map((name) => `node_modules/${name}`),
    ],
    { maxBuffer: 256 * 1024 * 1024 },
  );
  const unpack = `mkdir -p ${folder} && tar -xf - -C ${folder}`;
  const { exitCode, stderr } = await lab.agent.exec(["sh", "-c", unpack], { stdin: archive });
  assert.equal(exitCode, 0, `${stderr}`);
  return folder;
}
