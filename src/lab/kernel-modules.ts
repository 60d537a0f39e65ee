// Which kernel modules a lab's dom0 loads, and in which order. The order is read from the modules,
// because it differs between builds of the same release.

import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { LabError } from "./errors.ts";

export interface KernelModule {
  readonly name: string;
  readonly path: string;
}

/**
 * The modules `wanted` and all their dependencies, each after its own dependencies. A name without a
 * file is built into the kernel.
 * @throws LabError lab/build-failed when a dependency is missing
 */
export function modulesInOrder(folder: string, wanted: readonly string[]): KernelModule[] {
  const files = new Map<string, string>();
  for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (path.endsWith(".ko")) files.set(moduleName(basename(path, ".ko")), join(folder, path));
  }
  const ordered = new Map<string, KernelModule>();
  const visit = (name: string, neededBy: string | undefined): void => {
    if (ordered.has(name)) return;
    const path = files.get(name);
    if (path === undefined) {
      if (neededBy === undefined) return;
      throw new LabError({
        code: "lab/build-failed",
        problem: `Cannot load kernel module "${neededBy}" in a lab: it needs "${name}", which is not there`,
        where: folder,
      });
    }
    for (const dependency of dependenciesOf(readFileSync(path))) visit(dependency, name);
    ordered.set(name, { name, path });
  };
  for (const name of wanted) visit(moduleName(name), undefined);
  return [...ordered.values()];
}

/** From the NUL-terminated `depends=a,b` of section .modinfo, which every module has once. */
function dependenciesOf(module: Buffer): string[] {
  const key = "\0depends=";
  const at = module.indexOf(key, 0, "latin1");
  if (at < 0) return [];
  const start = at + key.length;
  const list = module.toString("latin1", start, module.indexOf(0, start));
  return list === "" ? [] : list.split(",").map(moduleName);
}

/** The kernel treats - and _ in a module's name as equal. */
function moduleName(name: string): string {
  return name.replaceAll("-", "_");
}
