// What the payloads below mean for the next one: which of them patches which function, calls its own
// copy of one directly, or defines which symbol.

import { readStackingFacts } from "../payload/stacking.ts";
import type { Hypervisor } from "../xen-model/hypervisor.ts";
import type { DirectUse } from "./direct-uses.ts";
import { CheckedCode } from "./registers/checked-code.ts";
import type { Subject } from "./subject.ts";

/** Independent payloads depend on the hypervisor alone, and require by their metadata. */
function idsBelow({ contents }: Subject): readonly string[] {
  if (contents === undefined) return [];
  const { requires } = readStackingFacts(contents.metadata);
  return contents.depends === undefined ? requires : [contents.depends, ...requires];
}

export class StackBelow {
  /** The build-id of the hypervisor, and those of the applied payloads. */
  readonly code: CheckedCode;
  readonly #applied: Subject[] = [];
  readonly #byBuildId = new Map<string, Subject>();
  readonly #patched = new Map<bigint, Subject>();
  readonly #exporters = new Map<string, Subject>();
  readonly #directUses = new Map<bigint, { readonly user: Subject; readonly use: DirectUse }[]>();

  constructor(hypervisor: Hypervisor) {
    this.code = new CheckedCode(hypervisor);
  }

  /** Oldest first. */
  get applied(): readonly Subject[] {
    return this.#applied;
  }

  /** The newest payload that patches the function at `start`. */
  patcherOf(start: bigint): Subject | undefined {
    return this.#patched.get(start);
  }

  /** The payload that defines a symbol which the hypervisor itself lacks. */
  exporterOf(symbol: string): Subject | undefined {
    return this.#exporters.get(symbol);
  }

  /** Code that calls a payload's own body of the function at `oldAddress`, instead of Xen's entry. */
  directUsesOf(oldAddress: bigint): readonly { readonly user: Subject; readonly use: DirectUse }[] {
    return this.#directUses.get(oldAddress) ?? [];
  }

  /**
   * Whether `upper` declares, directly or through payloads below it, that it was made to be stacked on
   * `lower`.
   */
  isMadeFor(upper: Subject, lower: Subject): boolean {
    const seen = new Set<Subject>();
    const open = [upper];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const id of idsBelow(next)) {
        const found = this.#byBuildId.get(id);
        if (found === lower) return true;
        if (found === undefined || seen.has(found)) continue;
        seen.add(found);
        open.push(found);
      }
    }
    return false;
  }

  /** @param uses references of `subject` to its own bodies */
  push(subject: Subject, uses: readonly DirectUse[]): void {
    this.#applied.push(subject);
    this.code.push(subject);
    if (subject.contents?.buildId !== undefined) {
      this.#byBuildId.set(subject.contents.buildId, subject);
    }
    for (const { oldFunction, oldAddress, written } of subject.entries) {
      if (written === undefined || oldAddress === undefined) continue;
      this.#patched.set(oldFunction?.address ?? oldAddress, subject);
    }
    for (const { name } of subject.loaded?.exports ?? []) {
      if (!this.#exporters.has(name)) this.#exporters.set(name, subject);
    }
    for (const use of uses) {
      const known = this.#directUses.get(use.body.oldAddress);
      if (known !== undefined) known.push({ user: subject, use });
      else this.#directUses.set(use.body.oldAddress, [{ user: subject, use }]);
    }
  }
}
