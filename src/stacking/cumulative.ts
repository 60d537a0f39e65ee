// A cumulative payload against the one whose place it is to take: which functions are patched again,
// again, as before or no longer, and which variables start afresh. REPLACE reverts the old payload
// before it applies the new one, and nothing is handed over.

import type { BuildRefusal } from "../build-outcome/refusal.ts";
import { comparePayloads, type FunctionComparison } from "../dissect/compare-payloads.ts";
import { SectionFlag } from "../elf/constants.ts";
import type { ElfObject } from "../elf/object.ts";
import { openElf } from "../elf/open.ts";
import { isUserOfShadow } from "../payload/shadow-variables.ts";
import type { SymbolMap } from "../payload/symbol-map.ts";
import type { PayloadBelow } from "../running/payload-below.ts";

export interface PreviousPayload extends PayloadBelow {
  readonly bytes: Uint8Array;
}

export interface Succession {
  /** What the previous payload is called in messages. */
  readonly previous: string;
  readonly functions: readonly SucceedingFunction[];
  /** Of variables that the previous payload brought and that code may have written. */
  readonly data: readonly SucceedingData[];
  readonly refusals: readonly BuildRefusal[];
}

export interface SucceedingFunction {
  /** As Xen's table spells it. */
  readonly name: string;
  readonly change: "newly-patched" | "patched-again" | "unchanged" | "no-longer-patched";
}

export interface SucceedingData {
  /** As the previous payload's symbol map spells it. */
  readonly name: string;
  /** `starts-afresh`: the new payload has a variable of this name, with its initial value. */
  readonly fate: "starts-afresh" | "gone";
  /** By which name the author accepts it. */
  readonly allowedAs: string | undefined;
}

/**
 * @param allowed names of variables that may start afresh, with or without the file in front
 * @throws ElfError
 */
export function compareWithPrevious(
  previous: PreviousPayload,
  built: { readonly bytes: Uint8Array; readonly symbolMap: SymbolMap },
  allowed: readonly string[],
): Succession {
  const { source } = previous.payload;
  const after = { bytes: built.bytes, source: "the new payload" };
  const { functions } = comparePayloads({ bytes: previous.bytes, source }, after);
  const old = writableNames(previous.object, previous.payload.symbolMap ?? []);
  const fresh = writableNames(openElf(built.bytes, "payload"), built.symbolMap);
  const goesOn = successorsOf(old, fresh);
  const data = [...old].flatMap((name): SucceedingData[] => {
    const fate = goesOn(name) ? "starts-afresh" : "gone";
    // The values of a shadow variable lie elsewhere, and the new payload goes on with them.
    if (fate === "starts-afresh" && isUserOfShadow(name)) return [];
    return [{ name, fate, allowedAs: findNamed(name, allowed) }];
  });
  return {
    previous: source,
    functions: functions.map(({ name, change }) => ({ name, change: changes[change] })),
    data,
    refusals: data
      .filter((found) => found.fate === "starts-afresh" && found.allowedAs === undefined)
      .map(refuse),
  };
}

const changes: Readonly<Record<FunctionComparison["change"], SucceedingFunction["change"]>> = {
  added: "newly-patched",
  changed: "patched-again",
  equal: "unchanged",
  removed: "no-longer-patched",
};

function writableNames(object: ElfObject, map: SymbolMap): ReadonlySet<string> {
  const sections = new Map(object.symbols.map(({ name, place }) => [name, place]));
  const names = map.flatMap(({ kind, sourceName, exportedName }) => {
    const place = kind === "data" ? sections.get(exportedName) : undefined;
    const flags = place?.kind === "section" ? (object.sections[place.index]?.flags ?? 0n) : 0n;
    return (flags & SectionFlag.SHF_WRITE) === 0n ? [] : [sourceName];
  });
  return new Set(names);
}

/** By its name, or, in another file or without one, by the bare name that nothing had before. */
function successorsOf(
  old: ReadonlySet<string>,
  fresh: ReadonlySet<string>,
): (name: string) => boolean {
  const known = new Set([...old].map(withoutNumber));
  const names = new Set([...fresh].map(withoutNumber));
  const moved = new Set([...names].filter((name) => !known.has(name)).map(bareName));
  return (name) => names.has(withoutNumber(name)) || moved.has(bareName(name));
}

/** Compilers number static variables of functions again in every build. */
function withoutNumber(name: string): string {
  return name.replace(/\.\d+$/, "");
}

function findNamed(name: string, allowed: readonly string[]): string | undefined {
  const [full, bare] = [withoutNumber(name), bareName(name)];
  return allowed.find((given) => [name, full, bare].includes(given));
}

function bareName(name: string): string {
  return withoutNumber(name).replace(/^.*#/, "");
}

function refuse({ name }: SucceedingData): BuildRefusal {
  const bare = withoutNumber(name);
  return {
    rule: "fresh-data",
    what: `variable "${bare}"`,
    where: name,
    reasons: [
      "the previous payload brought it, so does this one, and REPLACE does not copy it: its value is lost",
    ],
    remedy: `if the new code works with the initial value, use --allow-fresh-data "${bare}"; else stack the new fix on the previous payload (--mode stack --on)`,
  };
}
