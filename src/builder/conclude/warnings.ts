// What an author should check again although the fix is accepted: unused permissions, hunks that were
// found at other lines than they say, changed functions that running CPUs no longer execute.

import type { ComparedObject } from "../../compare/compared-object.ts";
import type { LedgerEntry, NoEffectRule } from "../../diff/ledger.ts";
import type { LayoutFinding } from "../../layout/layout.ts";
import type { PatchAccount } from "../../pairs/prepared-pairs.ts";
import type { PayloadMode } from "../../payload/metadata-keys.ts";
import { onlyAtBringUp } from "../../running/bring-up.ts";
import { distanceInWords, ignoredInWords } from "../../source-patch/hunk-ledger.ts";
import { pathOf } from "../../source-patch/patch-file.ts";
import type { Succession } from "../../stacking/cumulative.ts";
import type { Sandbox } from "../../xen-make/sandbox/sandbox.ts";
import type { AllowedNames } from "../build-options.ts";
import type { Target } from "../target.ts";

export interface AskedFor {
  readonly objects: readonly Pick<ComparedObject, "diff">[];
  readonly layouts: readonly LayoutFinding[];
  /** Against a previous payload, if there is one. */
  readonly succession: Succession | undefined;
}

/** The machine's own programs ran as the user, by rules of the source. Nothing for who asked for that. */
export function warnOfNoSandbox(sandbox: Sandbox): string {
  if (sandbox.kind !== "none" || sandbox.isWanted) return "";
  return `warning: make and the compiler ran outside of a sandbox: ${sandbox.because}\n`;
}

/** One line for each given name that no check used: misspelt, or no longer needed. */
export function warnOfUnusedPermissions(given: AllowedNames, asked: AskedFor): string {
  const has = (rule: NoEffectRule) => (name: string) => isInLedger(asked, rule, name);
  const isLayout = (name: string) =>
    asked.layouts.some(
      ({ verdict }) =>
        verdict.kind === "no-effect" && "allowedAs" in verdict && verdict.allowedAs === name,
    );
  const isFreshData = (name: string) =>
    isInLedger(asked, "allowed-lost", name) ||
    (asked.succession?.data.some((data) => data.allowedAs === name) ?? false);
  const unused = [
    ...unusedOf("--allow-init", given.init, has("allowed-init")),
    ...unusedOf("--allow-unsafe", given.unsafe, isDespite(asked)),
    ...unusedOf("--allow-layout", given.layouts, isLayout),
    ...unusedOf("--allow-fresh-data", given.freshData, isFreshData),
  ];
  return unused
    .map((text) => `warning: ${text} has no effect: no change of this fix needs it\n`)
    .join("");
}

function unusedOf(
  option: string,
  names: readonly string[],
  isUsed: (name: string) => boolean,
): readonly string[] {
  return names.filter((name) => !isUsed(name)).map((name) => `${option} "${name}"`);
}

function isInLedger({ objects }: AskedFor, rule: NoEffectRule, name: string): boolean {
  return objects.some(({ diff }) =>
    diff.ledger.some(
      ({ what, disposition }) =>
        disposition.kind === "no-effect" && disposition.rule === rule && what.endsWith(`"${name}"`),
    ),
  );
}

function isDespite({ objects }: AskedFor): (name: string) => boolean {
  const ledgers = objects.flatMap(({ diff }) => diff.ledger);
  return (name) =>
    ledgers.some(
      ({ what, disposition }) =>
        disposition.kind === "carried" &&
        disposition.despite === "unsafe-path" &&
        what === `function "${name}"`,
    );
}

/** One line for each type with new members, whose bytes objects that exist already have, too. */
export function warnOfHoles(layouts: readonly LayoutFinding[], mode: PayloadMode): string {
  const others =
    mode === "independent"
      ? "Xen loads no other independent payload with a member there, and what this one puts there stays when it is reverted"
      : "what another payload has put into the same hole stays there when it is reverted or replaced";
  return layouts
    .filter(({ verdict }) => verdict.kind === "no-effect" && verdict.rule === "allowed-layout")
    .map(({ type, room }) => {
      if (room === undefined) return "";
      if (room.kind === "in-holes")
        return `warning: ${type}: ${[...room.told, others].join("; ")}\n`;
      const unknown = "what objects that exist already hold in the new members is not known";
      return `warning: ${type}: ${[unknown, ...room.told].join("; ")}\n`;
    })
    .join("");
}

/** One line for each hunk, as patch(1) prints it. */
export function warnOfMovedHunks({ moved }: Pick<PatchAccount, "moved">): string {
  return moved
    .map((moved) => {
      const { patch, hunk, lines, line, alternatives } = moved;
      const hunkOf = `hunk ${hunk.header} of ${pathOf(patch)}`;
      const ignored = ignoredInWords(moved);
      if (ignored !== undefined) {
        const where = lines === 0 ? "" : `, ${distanceInWords(lines)} its place`;
        return `warning: ${hunkOf} was put at line ${line}${where}, without ${ignored}: check whether it belongs there\n`;
      }
      const found = `${hunkOf} fits ${distanceInWords(lines)} its place`;
      if (alternatives === 0) return `note: ${found}\n`;
      const places = `${alternatives} more place${alternatives === 1 ? "" : "s"}`;
      return `warning: ${found}, and in ${places}: check whether it is the right one\n`;
    })
    .join("");
}

/** One line for each function with a new body that no running CPU executes any more. */
export function warnOfBringUp(
  objects: readonly Pick<ComparedObject, "pair" | "diff">[],
  { xen, object }: Pick<Target, "xen" | "object">,
): string {
  return bringUpFunctions(objects, { xen, object })
    .map(
      (name) =>
        `warning: function "${name}" runs only when a CPU comes up (at boot, when it is brought online, on resume): ` +
        "running CPUs keep what the old code set, until a hook sets it on each of them (--draft-hooks FILE.c writes its frame)\n",
    )
    .join("");
}

/** Changed ones, by their names in the objects. */
export function bringUpFunctions(
  objects: readonly Pick<ComparedObject, "pair" | "diff">[],
  { xen, object }: Pick<Target, "xen" | "object">,
): readonly string[] {
  const changed = objects.flatMap(({ diff }) => diff.ledger.flatMap(changedFunction));
  return onlyAtBringUp([...new Set(changed)], xen, object);
}

/** Carried, or refused. */
function changedFunction({ what, side, disposition }: LedgerEntry): readonly string[] {
  const name = /^function "(.*)"$/.exec(what)?.[1];
  const isChanged = disposition.kind !== "no-effect" && side === "both";
  return isChanged && name !== undefined ? [name] : [];
}
