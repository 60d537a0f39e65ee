// Both objects, taken apart and correlated, and the result for each pair. The later passes
// (find-changes.ts, include.ts, account/) only read it.

import type { Atom, SplitObject } from "./atom.ts";
import { compareAtoms, type Sides, type Verdict } from "./compare-atoms.ts";
import type { Correlation } from "./correlate/correlation.ts";
import type { FindHomes, IsTextKept } from "./correlate/homes.ts";
import { type CrossedAtoms, type Crossings, findCrossed } from "./crossing.ts";
import { findLineConstants, type IsSameLine } from "./line-rule.ts";
import { Meanings } from "./meaning.ts";
import { findOwners } from "./owners.ts";
import type { SectionPolicy } from "./policy.ts";

export interface DiffOptions extends ComparisonOptions {
  /**
   * The functions in which static variables are declared; for variables with a compiler's number,
   * everything else is a guess.
   */
  readonly findHomes: FindHomes;
  /** Without it no text counts as left alone, and only code tells two variables of one name and function apart. */
  readonly isTextKept?: IsTextKept | undefined;
}

/** Questions that are asked when the pairs are known. */
export interface ComparisonOptions {
  readonly policy: SectionPolicy;
  /** Without it every constant that differs is a change. */
  readonly isSameLine?: IsSameLine | undefined;
  /** Names of init functions and init data whose change the author accepts as not taking effect. */
  readonly allowedInit?: ReadonlySet<string> | undefined;
  /** The result for all others; refused without it. */
  readonly initChanges?: "refused" | "left-to-hooks" | undefined;
  /** Whether a hook of another object may set a variable of the hypervisor, by its name and its file. */
  readonly isInHooks?: ((name: string, file: string) => boolean) | undefined;
  /** Why an init function differs although its own meaning is the same; undefined for others. */
  readonly explainInit?: ((name: string) => string | undefined) | undefined;
  /** Names of functions that the author allows to be replaced although the policy calls them unsafe. */
  readonly allowedUnsafe?: ReadonlySet<string> | undefined;
  /** Names of variables that the author allows to lose their value. */
  readonly allowedLost?: ReadonlySet<string> | undefined;
  /** Variables of the hypervisor that stay in use while the patch moves them to or from another object. */
  readonly crossings?: Crossings | undefined;
  /** By the name of a removed variable: those of other objects that may replace it. */
  readonly newElsewhere?: ReadonlyMap<string, readonly string[]> | undefined;
  /**
   * Whether code outside of this object, as it was before, refers to a global name. Without it every
   * global counts as used elsewhere.
   */
  readonly isUsedElsewhere?: ((name: string) => boolean) | undefined;
  /** The result of a function of the object before, by its name; without it, any register may hold one. */
  readonly resultOf?: ((name: string) => "nothing" | "number" | "unknown") | undefined;
  /** Functions after that are replaced although nothing of them changed, by name, and why. */
  readonly held?: ReadonlyMap<string, string> | undefined;
  /** Functions that the patch changed and that were inlined into a function, by its name. */
  readonly changedInlines?: ((name: string) => readonly string[]) | undefined;
}

export interface Comparison {
  readonly before: SplitObject;
  readonly after: SplitObject;
  readonly correlation: Correlation;
  readonly sides: Sides;
  /** For both objects: variables whose partner is in another object. */
  readonly crossed: CrossedAtoms;
  readonly options: ComparisonOptions;
  /** Of each pair, by the atom after. */
  readonly verdicts: ReadonlyMap<Atom, Verdict>;
  /** Constants that differ by the rule "line-number", for the report. */
  readonly lineConstants: ReadonlyMap<Atom, readonly string[]>;
}

export function comparePairs(
  before: SplitObject,
  after: SplitObject,
  correlation: Correlation,
  options: ComparisonOptions,
): Comparison {
  const { machine } = after.object.header;
  const atoms = { before: before.atoms, after: after.atoms };
  const crossed = findCrossed(atoms, correlation, options.crossings);
  const sides: Sides = {
    machine,
    meanings: new Meanings(correlation, crossed),
    names: after.names,
    ownersBefore: findOwners(before),
    ownersAfter: findOwners(after),
  };
  const verdicts = new Map<Atom, Verdict>();
  const lineConstants = new Map<Atom, readonly string[]>();
  for (const [left, right] of correlation.pairs()) {
    const verdict = compareAtoms(left, right, sides);
    const lines = differsInBytesOnly(verdict)
      ? options.isSameLine && findLineConstants(left, right, machine, options.isSameLine)
      : undefined;
    if (lines !== undefined) {
      verdicts.set(right, { kind: "same", rules: new Set(["line-number"]) });
      lineConstants.set(
        right,
        lines.map(
          (line) => `line ${line.before} → ${line.after} at +0x${line.offset.toString(16)}`,
        ),
      );
    } else {
      verdicts.set(right, verdict);
    }
  }
  return { before, after, correlation, sides, crossed, options, verdicts, lineConstants };
}

function differsInBytesOnly(verdict: Verdict): boolean {
  return verdict.kind === "different" && verdict.aspects.size === 1 && verdict.aspects.has("bytes");
}
