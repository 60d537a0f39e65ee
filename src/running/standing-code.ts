// What CPUs do in a payload's code while Xen applies and reverts it, and afterwards: the emitter's input
// (payload/emit/input.ts), and what the author is told.

import { SectionFlag } from "../elf/constants.ts";
import type { DraftSection, DraftSymbol, ElfDraft } from "../elf/draft.ts";
import type { Replacement, StandingCode } from "../payload/emit/input.ts";
import { type Standing, stayOf, whereCpusStand } from "../standing/where-cpus-stand.ts";
import type { Release } from "../xen-abi/release.ts";
import { LEAVING_MS, RENDEZVOUS_FUNCTION, type Stay } from "../xen-abi/rendezvous.ts";
import { findUnsafe, type UnpatchableFunction, unsafeFunctions } from "../xen-abi/unpatchable.ts";
import { codeImageOf } from "./running-code.ts";
import type { XenSyms } from "./xen-syms.ts";

export interface StandingSubject {
  readonly replaced: readonly Pick<Replacement, "oldName" | "newBody">[];
  /** Bound to Xen. */
  readonly drafts: readonly ElfDraft[];
}

export interface FoundStanding {
  readonly code: StandingCode;
  /** One line each. */
  readonly warnings: readonly string[];
}

export function standingCodeOf(
  { replaced: replacements, drafts }: StandingSubject,
  { xen, release }: { readonly xen: XenSyms; readonly release: Release | undefined },
): FoundStanding {
  const { architecture } = xen;
  const replaced = replacements.map(({ oldName }) => oldName);
  const oldNames = new Map(replacements.map(({ newBody, oldName }) => [newBody, oldName]));
  const listed = unsafeFunctions(architecture, release);
  const standing = standingOf(xen, release);
  const unsafe = replaced.flatMap((name) => {
    const found = findUnsafe(listed, name);
    return found === undefined ? [] : [{ name, found }];
  });
  const waiting = replaced.flatMap((name): [string, Stay][] => {
    const stay = standing.get(name) ?? findUnsafe(listed, name)?.stay;
    return stay === undefined ? [] : [[name, stay]];
  });
  const brought = callersIn(drafts, oldNames).map((name): [string, Stay] => [
    name,
    stayOf({ release }),
  ]);
  const all = new Map([...brought, ...waiting]);
  const names = (wanted: Stay) => [...all].flatMap(([name, stay]) => (stay === wanted ? name : []));
  const code = {
    lingers: names("leaves"),
    parks: names("stays"),
    unsafe: unsafe.map(({ name }) => name),
  };
  return { code, warnings: warningsOf(code, unsafe) };
}

/**
 * Where CPUs stand while Xen patches. All code of the hypervisor is searched, once: `build` does it while
 * the compiler works, and keeps the answer.
 */
export function standingOf(xen: XenSyms, release: Release | undefined): Standing {
  const known = found.get(xen);
  if (known !== undefined && known.release === release) return known.standing;
  const image = { ...codeImageOf(xen), release };
  const standing: Standing =
    xen.architecture === "x86_64" ? whereCpusStand(image) : new Map<string, Stay>();
  rememberStanding(xen, { release, standing });
  return standing;
}

/** Of the same hypervisor, as standingOf() found it. */
export function rememberStanding(xen: XenSyms, known: KnownStanding): void {
  found.set(xen, known);
}

interface KnownStanding {
  readonly release: Release | undefined;
  readonly standing: Standing;
}

const found = new WeakMap<XenSyms, KnownStanding>();

/** Code of the payload that calls the rendezvous, whatever the old code did. */
function callersIn(
  drafts: readonly ElfDraft[],
  oldNames: ReadonlyMap<DraftSymbol, string>,
): readonly string[] {
  const found = drafts.flatMap((draft) =>
    draft.sections.flatMap((section) =>
      (section.flags & SectionFlag.SHF_EXECINSTR) === 0n
        ? []
        : section.relocations
            .filter(({ symbol }) => symbol.name === RENDEZVOUS_FUNCTION)
            .flatMap(({ offset }) => functionAt(draft, section, offset) ?? []),
    ),
  );
  return [...new Set(found)].map((one) => oldNames.get(one) ?? one.name);
}

function functionAt(
  { symbols }: ElfDraft,
  section: DraftSection,
  offset: number,
): DraftSymbol | undefined {
  return symbols.find(
    ({ place, type, value, size }) =>
      type === "STT_FUNC" && place === section && value <= offset && offset < value + size,
  );
}

function warningsOf(
  { lingers, parks }: StandingCode,
  unsafe: readonly { readonly name: string; readonly found: UnpatchableFunction }[],
): readonly string[] {
  const waiting = lingers.filter((name) => !unsafe.some((one) => one.name === name));
  return [
    ...(waiting.length === 0
      ? []
      : [
          `note: CPUs may wait in ${inQuotes(waiting)} while Xen patches, and go on in the body that they came from: ` +
            `they get the new one a moment after the apply, and unload waits ${LEAVING_MS} ms for them to leave it after a revert\n`,
        ]),
    ...(parks.length === 0
      ? []
      : [
          `warning: a CPU may stay in ${inQuotes(parks)} for as long as the host runs, an offline one for instance, and goes on in ` +
            "the body that it came from: it gets the new one when it comes by again, and once the payload was applied it can only " +
            "be unloaded by --allow-dangling\n",
        ]),
    ...unsafe.map(
      ({ name, found }) => `warning: "${name}" cannot be replaced safely: ${found.reason}\n`,
    ),
  ];
}

function inQuotes(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
