// What CPUs do in a payload's code while Xen applies and reverts it, and afterwards: the emitter's input
// (payload/emit/input.ts), and what the author is told.

import { SectionFlag } from "../elf/constants.ts";
import type { DraftSection, DraftSymbol, ElfDraft } from "../elf/draft.ts";
import type { Replacement, StandingCode } from "../payload/emit/input.ts";
import { type Standing, stayOf, whereCpusStand } from "../standing/where-cpus-stand.ts";
import { whereVcpusSleep } from "../standing/where-vcpus-sleep.ts";
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
  const isRendezvous = (name: string) => name === RENDEZVOUS_FUNCTION;
  const brought = callersIn(drafts, oldNames, isRendezvous).map((name): [string, Stay] => [
    name,
    stayOf({ release }),
  ]);
  const all = new Map([...brought, ...waiting]);
  const names = (wanted: Stay) => [...all].flatMap(([name, stay]) => (stay === wanted ? name : []));
  const code = {
    lingers: names("leaves"),
    parks: names("stays"),
    sleeps: sleepingOf(xen, { replaced, drafts, oldNames }),
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

/** Where vCPUs may sleep. All code of the hypervisor is searched, once, as for standingOf(). */
export function vcpuSleepOf(xen: XenSyms): ReadonlySet<string> {
  const known = sleeping.get(xen);
  if (known !== undefined) return known;
  const found =
    xen.architecture === "x86_64" ? whereVcpusSleep(codeImageOf(xen)) : new Set<string>();
  rememberVcpuSleep(xen, found);
  return found;
}

/** Of the same hypervisor, as vcpuSleepOf() found it. */
export function rememberVcpuSleep(xen: XenSyms, names: ReadonlySet<string>): void {
  sleeping.set(xen, names);
}

const sleeping = new WeakMap<XenSyms, ReadonlySet<string>>();

/** Functions that led there before, and those whose new code calls one that does. */
function sleepingOf(
  xen: XenSyms,
  {
    replaced,
    drafts,
    oldNames,
  }: {
    readonly replaced: readonly string[];
    readonly drafts: readonly ElfDraft[];
    readonly oldNames: ReadonlyMap<DraftSymbol, string>;
  },
): readonly string[] {
  const all = vcpuSleepOf(xen);
  const calling = callersIn(drafts, oldNames, (name) => all.has(name));
  return [...new Set([...replaced.filter((name) => all.has(name)), ...calling])];
}

interface KnownStanding {
  readonly release: Release | undefined;
  readonly standing: Standing;
}

const found = new WeakMap<XenSyms, KnownStanding>();

/** Code of the payload that refers to such a function of Xen, whatever the old code did. */
function callersIn(
  drafts: readonly ElfDraft[],
  oldNames: ReadonlyMap<DraftSymbol, string>,
  isCallee: (name: string) => boolean,
): readonly string[] {
  const found = drafts.flatMap((draft) =>
    draft.sections.flatMap((section) =>
      (section.flags & SectionFlag.SHF_EXECINSTR) === 0n
        ? []
        : section.relocations
            .filter(({ symbol }) => isCallee(symbol.name))
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
