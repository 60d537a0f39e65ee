// The account of a patch that is not compiled, because it changes how the whole hypervisor is built.

import { BuildError } from "../build-outcome/build-error.ts";
import type { Architecture } from "../isa/architecture.ts";
import { writeLedger } from "../source-patch/hunk-ledger.ts";
import type { Base } from "../xen-make/base.ts";
import type { AppliedPatches } from "./apply.ts";
import { type BuildChanges, belowXen, ledgerFacts, nothingBuilt } from "./ledger.ts";
import type { PreparedPairs } from "./prepared-pairs.ts";

export interface UnbuiltRequest {
  readonly base: Base;
  readonly applied: AppliedPatches;
  readonly architecture: Architecture;
}

/** @throws BuildError build/bad-patch when no file of the fix is the reason */
export function leaveUnbuilt(
  { base, applied, architecture }: UnbuiltRequest,
  changes: BuildChanges,
): Pick<PreparedPairs, "pairs" | "account" | "changes"> {
  const { patches, moved, files, contributions } = applied;
  const facts = ledgerFacts(base, nothingBuilt(changes), { architecture, applied });
  const ledger = writeLedger(patches, facts);
  if (!ledger.some(({ outcome }) => outcome.kind === "refused")) throw noReason(changes);
  return {
    pairs: [],
    account: { ledger, moved },
    changes: {
      lines: {},
      texts: new Map([...files].map(([path, texts]) => [belowXen(path), texts])),
      levels: [],
      contributions,
    },
  };
}

function noReason({ settings, rules }: BuildChanges): BuildError {
  return new BuildError({
    code: "build/bad-patch",
    problem:
      "Cannot build a payload: with the patches, Xen's make makes the hypervisor in another way, and no make file of the fix is the reason",
    where: [...settings, ...rules.map(({ what }) => what)].slice(0, 3).join("; "),
    expected: "the same objects, made by the same commands, or new objects",
    remedy: "check the patches of the payloads below, and files that are added or removed",
  });
}
