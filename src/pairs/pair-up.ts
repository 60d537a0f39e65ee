// The list of passes from applied patches to pairs of objects, on a base that is prepared.

import { type FileEntry, writeLedger } from "../source-patch/hunk-ledger.ts";
import type { Base } from "../xen-make/base.ts";
import type { MakeRun } from "../xen-make/make-run.ts";
import { findAffected, makePatchedTree } from "./after.ts";
import { type AppliedPatches, carriedOnly } from "./apply.ts";
import { isRefusedBeforehand, requireSandbox, rulesIn } from "./beforehand.ts";
import { type CompiledSides, compileSides } from "./compile.ts";
import { placeHookFiles } from "./hook-files.ts";
import { belowXen, kindOf, ledgerFacts, noChanges } from "./ledger.ts";
import { markLeftOut } from "./left-out-hunks.ts";
import { pairWithLevels } from "./levels.ts";
import { linesOf, neutralizeFiles } from "./lines.ts";
import { ordersThatCount } from "./link-order.ts";
import type { PairsInputs, PreparedPairs } from "./prepared-pairs.ts";
import { findSettingChanges } from "./settings.ts";
import { leaveUnbuilt } from "./unbuilt.ts";

export interface PairUpRequest extends Pick<PairsInputs, "architecture" | "config"> {
  readonly hookFiles: PairsInputs["hookFiles"];
  readonly base: Base;
  /** Directory for working copies. */
  readonly work: string;
  readonly applied: AppliedPatches;
  readonly meanwhile: (() => void) | undefined;
}

/** @throws BuildError; the reason of the run's signal */
export async function pairUp(
  request: PairUpRequest,
  run: MakeRun,
): Promise<Pick<PreparedPairs, "pairs" | "account" | "changes">> {
  const { base, work, config, applied, architecture, hookFiles = [], meanwhile } = request;
  const kindOfPath = (path: string) => kindOf(path, architecture).kind;
  const isCode = (path: string) => kindOfPath(path) === "code";
  const rulesOfFix = rulesIn(request);
  if (rulesOfFix.length > 0) {
    // Their text is what make would run: first every file is taken, by its name and its text.
    if (isRefusedBeforehand(request)) return leaveUnbuilt(request, noChanges);
    requireSandbox(run.tools.sandbox, rulesOfFix);
  }
  // From here what the patch brings may run.
  const settings = rulesOfFix.some((path) => applied.changed.has(path))
    ? await run.timings.measureAsync("configure", () =>
        findSettingChanges({ base, work, config, files: applied.files }, run),
      )
    : [];
  if (settings.length > 0) return leaveUnbuilt(request, { settings, rules: [] });
  // From here the configuration is as it was.
  const carried = carriedOnly(applied, (path) =>
    /^(code|make-file|generator)$/.test(kindOfPath(path)),
  );
  const { files, levels } = carried;
  const { patches, moved, contributions, pristineLevels } = applied;
  // From here only files are left that objects are made from, or that affect how they are made.
  const hasHooks = hookFiles.length > 0;
  const after = await makePatchedTree({ base, work, files, hasHooks }, run);
  const { regenerated, ruleChanges: rules } = after;
  if (rules.length > 0) return leaveUnbuilt(request, { settings, rules });
  // From here make makes each object of before in the same way; there may be more of them.
  const changedCode = [...carried.changed].filter(isCode).map(belowXen);
  const affected = await findAffected(base, after, changedCode, run);
  // From here it is known which objects may differ.
  const neutral = run.timings.measure("lines", () => neutralizeFiles(after.tree, files));
  const hookUnits = placeHookFiles(after.tree, base, hookFiles);
  const toCompile = { base, work, affected, after, hookUnits, files, neutral, meanwhile };
  const sides = await compileSides(toCompile, run);
  const orders = sides.failure === undefined ? ordersThatCount(base, after) : [];
  if (orders.length > 0) return leaveUnbuilt(request, { settings, rules: orders });
  // From here the order of the link is one that a running hypervisor does not show.
  const below = { base, work, levels, pristineLevels, isCode };
  const pairs = await pairWithLevels(sides.pairs, below, run);
  // From here each object that depends on a changed file is there, before and after.
  const changes = { settings, rules };
  const isReordered = after.moved.length > 0;
  const built = { ...sides, ...affected, regenerated, changes, isCompiled: true, isReordered };
  const facts = ledgerFacts(base, built, { architecture, applied });
  const ledger = await run.timings.measureAsync("left out", () =>
    markLeftOut(writeLedger(patches, facts), { base, patches, files, run }),
  );
  // From here every file and hunk has its objects or its reason.
  requireExplained(sides, ledger);
  return {
    pairs,
    account: { ledger, moved },
    changes: {
      lines: linesOf(carried, { ...neutral, wasNeutral: sides.wasNeutral }),
      texts: belowXenOf(files),
      levels: levels.slice(pristineLevels).map((level) => belowXenOf(level.files)),
      contributions,
    },
  };
}

function belowXenOf<Value>(files: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> {
  return new Map([...files].map(([path, value]) => [belowXen(path), value]));
}

/** What stands in the ledger already explains a failure: a part that cannot be carried was needed. */
function requireExplained({ failure }: CompiledSides, ledger: readonly FileEntry[]): void {
  if (failure === undefined) return;
  if (!ledger.some(({ outcome }) => outcome.kind === "refused")) throw failure;
}
