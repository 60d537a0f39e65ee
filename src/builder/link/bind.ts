// Binds the contents of a fix to the symbols of the hypervisor and of the payloads below, by their own
// names. A missing symbol, or a function that cannot be replaced at its place, is a refusal; all are
// reported at once.

import type { BuildRefusal } from "../../build-outcome/refusal.ts";
import type { CarriedObject } from "../../diff/carry/carry.ts";
import type { DraftSymbol, ElfDraft } from "../../elf/draft.ts";
import { entryRoomOf } from "../../running/entry-room.ts";
import type { LinkSymbol, Surroundings } from "../../running/payload-below.ts";
import { similarNames } from "../../running/similar-names.ts";
import { isInTrampoline } from "../../running/trampoline.ts";
import type { BootOnlyReference, InitUse } from "../init/references.ts";
import type { NamesOfFix } from "../names-of-fix.ts";

export interface BindingObject {
  readonly name: string;
  /** Why it is carried although the patch does not change it, as text. */
  readonly broughtFor: string | undefined;
  /** Hand-written code may refer to a static function or variable of Xen by its name alone. */
  readonly statics: "by name" | "out of reach";
  readonly draft: ElfDraft;
  readonly replacements: CarriedObject["replacements"];
  /** Who of it refers to an undefined symbol of the draft, by its name there. */
  readonly usesOf: (name: string) => readonly InitUse[];
}

export interface Bound {
  readonly refusals: readonly BuildRefusal[];
  readonly bootOnly: readonly BootOnlyReference[];
}

/** Names symbols as Xen's table does, and lists the missing ones. */
export function bindToXen(
  objects: readonly BindingObject[],
  names: NamesOfFix,
  surroundings: Surroundings,
): Bound {
  const brought = new Set(objects.flatMap(({ draft }) => globalsOf(draft)));
  const bootOnly: BootOnlyReference[] = [];
  const refusals = objects.flatMap((one) => {
    const { name: object, broughtFor, statics, draft, replacements, usesOf } = one;
    const refused = new Map<string, BuildRefusal>();
    const find = (name: string, uses: readonly InitUse[] = []): LinkSymbol | undefined => {
      const local = statics === "by name" ? onlyLocal(name, surroundings) : undefined;
      const found = surroundings.byName.get(name) ?? local;
      const refusal = refusalFor(name, found, { object, broughtFor, uses, statics }, surroundings);
      if (refusal !== undefined) refused.set(name, refusal);
      return found;
    };
    for (const { oldName } of replacements) {
      const unreachable = refusePayloadText(find(oldName), object, surroundings);
      if (unreachable !== undefined) refused.set(oldName, unreachable);
    }
    for (const symbol of undefinedSymbols(draft)) {
      if (brought.has(symbol.name)) continue;
      const name = names.get(symbol.name)?.inXen ?? symbol.name;
      const isInit = surroundings.byName.get(name)?.isInit === true;
      const uses = isInit ? usesOf(symbol.name) : [];
      symbol.name = find(name, uses)?.name ?? name;
      if (isInTrampoline(symbol.name, surroundings)) continue;
      bootOnly.push(
        ...uses.map((use) => ({ object, function: use.function, symbol: symbol.name })),
      );
    }
    return [...refused.values()];
  });
  return { refusals, bootOnly };
}

function onlyLocal(name: string, { locals }: Surroundings): LinkSymbol | undefined {
  const [found, ...others] = locals.get(name) ?? [];
  return others.length === 0 ? found : undefined;
}

/** A function of a payload is replaced at its place, if Xen can write there and there is enough room. */
function refusePayloadText(
  found: LinkSymbol | undefined,
  object: string,
  surroundings: Surroundings,
): BuildRefusal | undefined {
  if (found === undefined || found.address !== undefined) return undefined;
  const isArm = surroundings.architecture === "aarch64";
  const room = entryRoomOf(found, surroundings);
  if (!isArm && found.sizeBytes >= room) return undefined;
  const reason = isArm
    ? "Xen patches only its own image on Arm (ABI reference §5.4)"
    : `it is ${found.sizeBytes} bytes long, and the jump takes ${room}`;
  return {
    rule: "payload-text",
    what: `function "${found.bareName}"`,
    where: object,
    reasons: [`it is in a payload below: ${reason}`],
    remedy: "build both fixes into one payload (--mode cumulative)",
  };
}

function refusalFor(
  name: string,
  found: LinkSymbol | undefined,
  {
    object,
    broughtFor,
    uses,
    statics,
  }: Pick<BindingObject, "broughtFor" | "statics"> & {
    readonly object: string;
    readonly uses: readonly InitUse[];
  },
  { source, byName, locals, ambiguous }: Surroundings,
): BuildRefusal | undefined {
  const refusal = { what: `symbol "${name}"`, where: `${object}, ${source}` };
  const more = broughtFor === undefined ? [] : [broughtFor];
  if (found === undefined) {
    const namesakes = (locals.get(name) ?? []).map((local) => `"${local.name}"`);
    const similar = similarNames(name, byName.keys());
    const remedy =
      statics === "by name" && namesakes.length > 1
        ? `declare the one that you mean by its whole name: __asm__("\\"FILE.c#${name}\\"") behind the declaration`
        : similar.length > 0
          ? `is it ${similar.join(" or ")}?`
          : "check that the source is the hypervisor's";
    return {
      ...refusal,
      rule: "missing-symbol",
      reasons: [
        namesakes.length > 1
          ? `the hypervisor has ${namesakes.length} static symbols of this name: ${namesakes.join(", ")}`
          : "the hypervisor has no such symbol",
        ...more,
      ],
      remedy:
        broughtFor === undefined ? remedy : "let the fix do without this function of the library",
    };
  }
  const fresh = new Set(uses.flatMap((use) => (use.isKept ? [] : [use.function])));
  if (found.isInit && (uses.length === 0 || fresh.size > 0)) {
    const who = fresh.size === 0 ? "the fix" : [...fresh].map((one) => `"${one}"`).join(", ");
    const reasons = [
      `its memory is freed once Xen has booted, and ${who} refers to it otherwise, or more often, than the old code did`,
      ...more,
    ];
    return {
      ...refusal,
      rule: "init-reference",
      reasons,
      remedy: "let the new code do without init functions and init data",
    };
  }
  if (!ambiguous.has(name)) return undefined;
  const reasons = ["the hypervisor has several symbols of this name, and Xen would take the first"];
  return { ...refusal, rule: "ambiguous", reasons, remedy: undefined };
}

export function globalsOf({ symbols }: ElfDraft): readonly string[] {
  return symbols
    .filter(({ place, binding }) => place !== "undefined" && binding !== "STB_LOCAL")
    .map(({ name }) => name);
}

/** Symbols with at least one reference. */
function undefinedSymbols({ sections }: ElfDraft): readonly DraftSymbol[] {
  const referred = sections.flatMap(({ relocations }) => relocations.map(({ symbol }) => symbol));
  return [...new Set(referred)].filter(({ place }) => place === "undefined");
}
