// The configuration, as the patched source makes it of the same file: Xen's own `olddefconfig` is asked,
// in a working copy with the whole patch in it.

import { join } from "node:path";
import type { PatchedFile } from "../source-patch/apply-patch.ts";
import { type Base, type BaseRequest, runMakeOn } from "../xen-make/base.ts";
import { compareConfigs } from "../xen-make/config.ts";
import type { MakeRun } from "../xen-make/make-run.ts";
import { requireMade } from "../xen-make/sandbox/made-file.ts";
import { linkTree, replaceFile } from "../xen-make/scratch-tree.ts";
import { writePatched } from "./after.ts";

export interface SettingsRequest {
  readonly base: Base;
  /** Directory for working copies. */
  readonly work: string;
  /** As the user gave it. */
  readonly config: BaseRequest["config"];
  /** As the patch has them, by their paths below the source directory. */
  readonly files: ReadonlyMap<string, PatchedFile>;
}

/** Settings with another value than before the patch, in words. @throws BuildError build/compile-failed */
export async function findSettingChanges(
  { base, work, config, files }: SettingsRequest,
  { tools, jobs, signal, onProgress }: MakeRun,
): Promise<readonly string[]> {
  onProgress("configuring the patched source");
  const tree = join(work, "settings");
  linkTree(base.tree, base.contents, { folder: tree, generated: "copied", sources: "copied" });
  writePatched(tree, files);
  replaceFile(tree, "xen/.config", config.text);
  await runMakeOn(tree, ["olddefconfig"], { tools, flags: [], jobs, signal, side: "patched" });
  const [before, after] = [base.tree, tree].map((folder) =>
    requireMade(join(folder, "xen/.config"), "xen/.config").toString("utf8"),
  );
  return compareConfigs(before ?? "", after ?? "").map(
    ({ name, given, used }) => `${name} is ${used} instead of ${given}`,
  );
}
