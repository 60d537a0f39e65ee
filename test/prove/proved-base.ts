// Hypervisors that triggers are played on, and the payloads that are built for them.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { OpenLabOptions } from "../../src/lab/open-lab.ts";
import { runProcess } from "../../src/parts/run-process.ts";
import { PINNED_XEN_4_17 } from "../../src/parts/xen-parts.ts";
import type { Trigger } from "../../src/prove/trigger.ts";

export interface ProvedBase {
  /** For people, and the key of its results. */
  readonly name: string;
  readonly lab: OpenLabOptions;
  /** What `xsplice build` needs to know of it; `undefined` where there is no source. */
  readonly build: readonly string[] | undefined;
}

const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

/** Of Debian's, only the one has source that can be had. */
export const debianBases: readonly ProvedBase[] = [
  { name: "Debian's 4.14", lab: { xen: "4.14" }, build: undefined },
  {
    name: `Debian's ${PINNED_XEN_4_17}`,
    lab: { xen: "4.17" },
    build: ["--base", `debian:${PINNED_XEN_4_17}`],
  },
  { name: "Debian's 4.20", lab: { xen: "4.20" }, build: undefined },
];

export interface OwnBase {
  readonly name: string;
  readonly source: string;
  readonly xenSyms: string;
  readonly config: string;
  readonly image: string;
}

export function ownBase({ name, source, xenSyms, config, image }: OwnBase): ProvedBase {
  return {
    name,
    lab: { xen: image, xenSymbols: xenSyms },
    build: ["--source", source, "--xen-syms", xenSyms, "--config", config],
  };
}

export type Built =
  | { readonly kind: "built"; readonly path: string }
  | { readonly kind: "impossible"; readonly because: string };

/** From the fix of our own wording that lies beside the trigger. */
export async function buildPayload(
  base: ProvedBase,
  trigger: Trigger,
  folder: string,
  signal: AbortSignal,
): Promise<Built> {
  const patch = join(dirname(trigger.source), "fix.patch");
  if (base.build === undefined) return { kind: "impossible", because: "no source to build from" };
  if (!existsSync(patch)) return { kind: "impossible", because: "no fix of our own wording" };
  const path = join(folder, `${trigger.name.toLowerCase()}.livepatch`);
  const argv = [main, "build", ...base.build, "--patch", patch, "-o", path];
  const { exitCode, stderr, stdout } = await runProcess([process.execPath, ...argv], { signal });
  if (exitCode === 0) return { kind: "built", path };
  const words = `${stderr}\n${stdout}`.trim().split("\n").slice(-6).join(" ");
  return { kind: "impossible", because: `build ended with ${exitCode}: ${words}` };
}
