// Payloads for one hypervisor, built from the fixes of our own wording that lie beside the triggers; each
// once.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProcess } from "../../src/parts/run-process.ts";
import { findTrigger, triggerNames } from "../../src/prove/find-trigger.ts";
import type { Trigger } from "../../src/prove/trigger.ts";
import type { ProvedBase } from "./proved-base.ts";

const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

export type Built =
  | { readonly kind: "built"; readonly path: string }
  | { readonly kind: "impossible"; readonly because: string };

export class Payloads {
  readonly #base: ProvedBase;
  readonly #folder: string;
  readonly #signal: AbortSignal;
  readonly #built = new Map<string, Promise<Built>>();

  constructor(base: ProvedBase, folder: string, signal: AbortSignal) {
    this.#base = base;
    this.#folder = folder;
    this.#signal = signal;
  }

  of(trigger: Trigger): Promise<Built> {
    const known = this.#built.get(trigger.name);
    if (known !== undefined) return known;
    const built = buildPayload(this.#base, trigger, this.#folder, this.#signal);
    this.#built.set(trigger.name, built);
    return built;
  }

  /** One that works, and has the fix of something else. */
  async thatDoesNotClose(trigger: Trigger): Promise<string | undefined> {
    for (const other of triggerNames().map(findTrigger)) {
      if (other.text.advisory === trigger.text.advisory) continue;
      const built = await this.of(other);
      if (built.kind === "built") return built.path;
    }
    return undefined;
  }
}

async function buildPayload(
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
