// Variables that a fix takes out of one object while it brings some in another. What such a variable holds
// has been collected since the hypervisor booted, and one comparison alone sees only that it is gone, or
// new. Where the linker would make one variable of the two, `static int x` here and `extern int x` of
// there after the fix, it is still the same one, and the hypervisor's stays in use. Where nothing tells,
// what is new may be meant to take its place, and the author has to say so, as inside one file.

import type { Atom } from "../diff/atom.ts";
import { namingSymbol, roleOf } from "../diff/atom.ts";
import type { Crossings } from "../diff/crossing.ts";
import { isNumbered } from "../diff/names.ts";
import { sameOutsideFields } from "../diff/same-bytes.ts";
import { findGoneState, findNewState } from "../diff/state.ts";
import { findTypes } from "../dwarf/model.ts";
import { findStaticHomes } from "../dwarf/static-homes.ts";
import type { ElfObject } from "../elf/object.ts";
import { isSameVariable } from "../layout/same-variable.ts";
import type { PatchContribution } from "../pairs/contributions.ts";
import type { ChangedTexts } from "../pairs/prepared-pairs.ts";
import type { ComparedObject } from "./compared-object.ts";

/** What one object needs to know about the others. */
export interface AcrossObjects {
  readonly crossings: Crossings;
  /** By the symbol of a removed variable: what may replace it, as text. */
  readonly newElsewhere: ReadonlyMap<string, readonly string[]>;
}

interface Variable {
  readonly in: ComparedObject;
  readonly atom: Atom;
  /** Of its symbol. */
  readonly name: string;
  readonly isShared: boolean;
}

/**
 * By the object's name; undefined unless a variable is removed from one object while one is added to
 * another.
 */
export function lookAcross(
  objects: readonly ComparedObject[],
  { contributions }: Pick<ChangedTexts, "contributions">,
): ReadonlyMap<string, AcrossObjects> | undefined {
  // Of an object without differences nobody has to ask; many have not even been compared.
  const differing = objects.filter(({ diff }) => diff.ledger.length > 0);
  const gone = differing.flatMap((one) => variablesIn(one, findGoneState(one.diff.comparison)));
  const come = differing.flatMap((one) => variablesIn(one, findNewState(one.diff.comparison)));
  if (!gone.some((old) => come.some((fresh) => fresh.in !== old.in))) return undefined;
  const crossed = gone.flatMap((old) => {
    const fresh = findPartner(old, gone, come);
    return fresh === undefined ? [] : [{ old, fresh }];
  });
  const taken = new Set(crossed.map(({ fresh }) => fresh));
  const open = come.filter((fresh) => !taken.has(fresh));
  const patchesOf = patchFinder(contributions);
  return new Map(
    objects.map((one) => {
      const away = crossed.filter(({ old }) => old.in === one);
      const here = crossed.filter(({ fresh }) => fresh.in === one);
      const elsewhere = gone
        .filter((old) => old.in === one)
        .map((old) => {
          const others = open.filter(
            (fresh) => fresh.in !== one && mayReplace(old, fresh, patchesOf),
          );
          return [old.name, others.map((fresh) => inWords(old, fresh))] as const;
        });
      const across: AcrossObjects = {
        crossings: {
          away: new Map(away.map(({ old, fresh }) => [old.name, fresh.in.pair.object])),
          here: new Map(here.map(({ old, fresh }) => [fresh.name, old.in.pair.object])),
        },
        newElsewhere: new Map(elsewhere),
      };
      return [one.pair.object, across];
    }),
  );
}

function variablesIn(one: ComparedObject, atoms: readonly Atom[]): readonly Variable[] {
  return atoms.flatMap((atom) => {
    const symbol = namingSymbol(atom);
    if (symbol === undefined) return [];
    return {
      in: one,
      atom,
      name: symbol.name,
      isShared: symbol.binding !== "STB_LOCAL",
    };
  });
}

/** The variable of another object that is certainly the same one. */
function findPartner(
  old: Variable,
  gone: readonly Variable[],
  come: readonly Variable[],
): Variable | undefined {
  const { name } = old;
  const [fresh, ...others] = come.filter((one) => one.name === name);
  const namesakes = gone.filter((one) => one.name === name);
  if (fresh === undefined || others.length > 0 || namesakes.length > 1) return undefined;
  if (fresh.in === old.in || isNumbered(name) || !isLinked(old, fresh)) return undefined;
  return whyNotTheSame(old, fresh) === undefined ? fresh : undefined;
}

/** One side refers to what the other one defines: the linker makes one variable of both. */
function isLinked(old: Variable, fresh: Variable): boolean {
  const refers = ({ symbols }: ElfObject): boolean =>
    symbols.some(({ name, place }) => name === old.name && place.kind === "undefined");
  return (fresh.isShared && refers(old.in.after)) || (old.isShared && refers(fresh.in.before));
}

/** Why the hypervisor's memory does not fit the new code; undefined when it does. */
function whyNotTheSame(old: Variable, fresh: Variable): string | undefined {
  const [before, after] = [old.atom, fresh.atom];
  if (before.size !== after.size) return `which has ${after.size} bytes instead of ${before.size}`;
  if (roleOf(before) !== roleOf(after)) return `which is in "${after.section.name}"`;
  const types = [findTypes(old.in.before), findTypes(fresh.in.after)] as const;
  if (!isSameVariable(old.name, ...types)) return "which has another type";
  return hasSameValue(before, after) ? undefined : "which has another initial value";
}

/** References count only where both sides name a global symbol: all else means something in one object. */
function hasSameValue(before: Atom, after: Atom): boolean {
  if (!sameOutsideFields(before, after)) return false;
  return before.references.every((reference, index) => {
    const name = globalTarget(reference);
    const partner = after.references[index];
    return name !== undefined && partner !== undefined && name === globalTarget(partner);
  });
}

function globalTarget({ target }: Atom["references"][number]): string | undefined {
  if (target.kind === "external") return `${target.symbol.name}+${target.offset}`;
  if (target.kind !== "atom") return undefined;
  const symbol = namingSymbol(target.atom);
  const isShared = symbol !== undefined && symbol.binding !== "STB_LOCAL";
  return isShared ? `${symbol.name}+${target.offset}` : undefined;
}

/** In a series, what two patches do has to do with each other only where names say so. */
function mayReplace(
  old: Variable,
  fresh: Variable,
  patchesOf: (one: ComparedObject) => ReadonlySet<string>,
): boolean {
  if (isNamesake(old, fresh)) return true;
  const patches = patchesOf(old.in);
  return [...patchesOf(fresh.in)].some((patch) => patches.has(patch));
}

/** Also for one that was local to a function, and is no longer, or is local to the same one. */
function isNamesake(old: Variable, fresh: Variable): boolean {
  if (withoutNumber(old.name) !== withoutNumber(fresh.name)) return false;
  if (!isNumbered(old.name) || !isNumbered(fresh.name)) return true;
  return homeOf(old, old.in.before) === homeOf(fresh, fresh.in.after);
}

function homeOf({ atom }: Variable, object: ElfObject): string | undefined {
  const symbol = namingSymbol(atom);
  return symbol && findStaticHomes(object)(symbol)?.functionName;
}

function withoutNumber(name: string): string {
  return name.replace(/\.\d+$/, "");
}

function inWords(old: Variable, fresh: Variable): string {
  const words = `"${fresh.name}" of ${fresh.in.pair.object}`;
  const why = fresh.name === old.name ? whyNotTheSame(old, fresh) : undefined;
  return why === undefined ? words : `${words}, ${why}`;
}

/** Which patches changed the sources of an object. */
function patchFinder(
  contributions: readonly PatchContribution[],
): (one: ComparedObject) => ReadonlySet<string> {
  return ({ pair }) =>
    new Set(
      contributions
        .filter(({ texts }) => pair.dependencies.some((file) => texts.has(file)))
        .map(({ patch }) => patch),
    );
}
