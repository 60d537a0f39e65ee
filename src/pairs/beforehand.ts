// What is known of a patch before anything of it runs. To say what a make file or a generator changes, it has
// to be run; so that is done only when every file of the patch has been taken by its name and its text,
// and only where it can do no harm.

import { BuildError } from "../build-outcome/build-error.ts";
import type { Architecture } from "../isa/architecture.ts";
import { writeLedger } from "../source-patch/hunk-ledger.ts";
import type { Base } from "../xen-make/base.ts";
import type { Sandbox } from "../xen-make/sandbox/sandbox.ts";
import type { AppliedPatches } from "./apply.ts";
import { commandOf, kindOf, ledgerFacts, noChanges, nothingBuilt } from "./ledger.ts";

export interface BeforehandRequest {
  readonly base: Base;
  /** The fix, and the patches of payloads below. */
  readonly applied: AppliedPatches;
  readonly architecture: Architecture;
}

/** Files that make runs or reads as rules, of the fix and of all levels. */
export function rulesIn({
  applied,
  architecture,
}: Pick<BeforehandRequest, "applied" | "architecture">): readonly string[] {
  return [...applied.files.keys()].filter((path) =>
    /^(make-file|generator|configuration)$/.test(kindOf(path, architecture).kind),
  );
}

/**
 * Whether a part of the fix is refused already.
 * @throws BuildError build/bad-patch for a patch of a payload below that may not run
 */
export function isRefusedBeforehand(request: BeforehandRequest): boolean {
  const { base, applied } = request;
  for (const path of rulesIn(request)) {
    const command = commandOf(path, applied.files.get(path));
    if (command !== undefined && !applied.changed.has(path)) throw commandBelow(path, command);
  }
  const ledger = writeLedger(applied.patches, ledgerFacts(base, nothingBuilt(noChanges), request));
  return ledger.some(({ outcome }) => outcome.kind === "refused");
}

/** @throws BuildError build/needs-sandbox */
export function requireSandbox(sandbox: Sandbox, rules: readonly string[]): void {
  if (sandbox.kind !== "none" || sandbox.isWanted) return;
  const [first = "", ...more] = rules;
  throw new BuildError({
    code: "build/needs-sandbox",
    problem: `Cannot build this patch safely: it changes what make runs on this machine, and there is no sandbox to run it in: ${sandbox.because}`,
    where: more.length === 0 ? first : `${first}, and ${more.length} more`,
    expected: "bubblewrap, and a kernel that lets this user make namespaces",
    remedy:
      "install bubblewrap, or build as another user or outside of this container; if you have read these files of the patch and trust them: --sandbox none",
  });
}

function commandBelow(path: string, command: string): BuildError {
  return new BuildError({
    code: "build/bad-patch",
    problem: `Cannot build on top of this payload: a patch that it was built from runs a command while make reads ${path}`,
    where: command,
    expected: "patches of Xen's sources",
  });
}
