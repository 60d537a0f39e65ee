// Collects every refusal of the passes before linking.

import type { BuildRefusal } from "../../build-outcome/refusal.ts";
import { causesOfRefusals, type RefusalCauses } from "../../compare/causes.ts";
import { refusalsOfObjects } from "../../compare/compare.ts";
import type { LayoutFinding } from "../../layout/layout.ts";
import type { PatchAccount } from "../../pairs/prepared-pairs.ts";
import type { PayloadMode } from "../../payload/metadata-keys.ts";
import { refuseVetoingHooks } from "../../stacking/decide.ts";
import type { HookKind } from "../../xen-abi/hooks.ts";
import type { Findings } from "../built-fix.ts";

/** Further objects are only counted; the report lists all of them under `layouts`. */
const OBJECTS_MAX = 3;

export function refusalsBeforeLinking(
  { prepared, objects, fit }: Pick<Findings, "prepared" | "objects" | "fit">,
  { mode, hooks }: { readonly mode: PayloadMode; readonly hooks: readonly HookKind[] },
): readonly BuildRefusal[] {
  const layouts = fit.layouts.filter(({ verdict }) => verdict.kind === "refused");
  const causes = causesOfRefusals(objects, prepared.changes, layouts);
  return [
    ...refusalsOfFiles(prepared.account),
    ...refusalsOfObjects(objects, causes),
    ...fit.refusals,
    ...refusalsOfLayouts(layouts, causes),
    ...refuseVetoingHooks(mode, hooks),
  ];
}

function refusalsOfFiles({ ledger }: Pick<PatchAccount, "ledger">): readonly BuildRefusal[] {
  return ledger.flatMap(({ patch, file, outcome, hunks }) =>
    outcome.kind !== "refused"
      ? []
      : {
          rule: "file",
          what: file,
          where: [patch, ...hunks].join(" "),
          reasons: [outcome.reason],
          remedy: outcome.remedy,
        },
  );
}

function refusalsOfLayouts(
  layouts: readonly LayoutFinding[],
  causes: RefusalCauses,
): readonly BuildRefusal[] {
  return layouts.map(({ type, objects, changes, moved, room, verdict: { why } }) => {
    const [own, consequences] = changes.length > 0 ? [changes, moved] : [moved, []];
    const more = objects.length - OBJECTS_MAX;
    const shown = objects.slice(0, OBJECTS_MAX).join(", ");
    return {
      rule: "layout",
      what: type,
      where: more > 0 ? `${shown} and ${more} more object${more === 1 ? "" : "s"}` : shown,
      reasons: [...own, why, ...(room?.told ?? [])],
      consequences,
      causes: causes.ofType({ type, objects }),
      remedy: remedyFor(type, room),
    };
  });
}

function remedyFor(type: string, room: LayoutFinding["room"]): string {
  const option = `--allow-layout "${type}"`;
  switch (room?.kind) {
    case "in-holes":
      return `if the new code is right with what existing objects hold there, use ${option}`;
    case "fits":
      return `declare the new members there, and use ${option} if the new code is right with what existing objects hold in the holes`;
    default:
      return `if the new code can never see a value with the old layout, use ${option}; otherwise keep the layout, and put new state elsewhere`;
  }
}
