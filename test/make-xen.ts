// Builds a whole hypervisor with Xen's own make, as its maintainer would. Make goes on where an interrupted
// run has stopped.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { XspliceError } from "../src/error.ts";
import { errorsOf, runMake } from "../src/xen-make/run.ts";
import type { MakeTools } from "../src/xen-make/tools.ts";

class MakeXenError extends XspliceError<"make-xen/failed" | "make-xen/setting"> {}

export interface XenToMake {
  /** A copy of the source, which becomes the built one. */
  readonly tree: string;
  /** For people: `Xen 4.22.0`. */
  readonly title: string;
  readonly config: string;
  /** Lines that take the place of the configuration's: `CONFIG_DEBUG=y`. */
  readonly settings?: readonly string[];
  /** Arguments of make: `XEN_VENDORVERSION=-mine`. */
  readonly variables?: readonly string[];
  readonly tools: MakeTools;
  readonly jobs: number;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

const TELL_EVERY_MS = 20_000;

/** @throws MakeXenError; the reason of `signal` */
export async function makeXen(wanted: XenToMake): Promise<void> {
  const { tree, title, config, settings = [], variables = [], tools, jobs, say, signal } = wanted;
  const xen = join(tree, "xen");
  const built = builtFolder(tree, variables);
  const place = join(built, ".config");
  say(`building the hypervisor of ${title} (once, a few minutes)`);
  const ticking = setInterval(() => say(`  ${countObjects(xen)} objects`), TELL_EVERY_MS);
  try {
    mkdirSync(built, { recursive: true });
    if (!existsSync(place)) writeFileSync(place, withSettings(config, settings));
    for (const goals of [["olddefconfig"], []]) {
      const result = await runMake({ tree, tools, goals, variables, jobs, signal });
      if (result.exitCode === 0) continue;
      throw new MakeXenError({
        code: "make-xen/failed",
        problem: `Cannot build the hypervisor of ${title}: make ended with ${result.exitCode}`,
        where: errorsOf(result),
      });
    }
  } finally {
    clearInterval(ticking);
  }
  requireSettings(readFileSync(place, "utf8"), settings, title);
}

/** Where make leaves what it makes: in the source, or where `O=` says. */
export function builtFolder(tree: string, variables: readonly string[]): string {
  const output = variables.find((variable) => variable.startsWith("O="))?.slice("O=".length);
  return join(tree, "xen", output ?? "");
}

function withSettings(config: string, settings: readonly string[]): string {
  const names = new Set(settings.map(nameOf));
  const kept = config.split("\n").filter((line) => !names.has(nameOf(line)));
  return [...kept, ...settings, ""].join("\n");
}

/** Of `CONFIG_X=y` and of `# CONFIG_X is not set`. */
function nameOf(line: string): string {
  return /CONFIG_\w+/.exec(line)?.[0] ?? line;
}

/** Xen's own rules may set it otherwise. */
function requireSettings(config: string, settings: readonly string[], title: string): void {
  const lines = new Set(config.split("\n"));
  const [lost] = settings.filter((line) => line.startsWith("CONFIG_") && !lines.has(line));
  if (lost === undefined) return;
  throw new MakeXenError({
    code: "make-xen/setting",
    problem: `Cannot build ${title} with ${lost}: its configuration does not keep it`,
  });
}

function countObjects(xen: string): number {
  // With types: without, Node follows links to directories, round and round.
  const entries = readdirSync(xen, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && entry.name.endsWith(".o")).length;
}
