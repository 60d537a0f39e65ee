// What was compared already in a build. Its objects are compared several times, each time with more known of
// the whole fix. To most objects that says nothing new; they are not compared again, which for a fix of a
// header is most of the time.

import { isDeepStrictEqual } from "node:util";
import type { ObjectPair } from "../pairs/object-pair.ts";
import type { SymbolUsers } from "../pairs/symbol-users.ts";
import type { ComparedObject } from "./compared-object.ts";
import type { AcrossObjects } from "./crossings.ts";
import type { HeldFunctions } from "./held.ts";
import type { ExplainInit } from "./init.ts";

/** Of the options of a comparison, what is found while a build goes on; all else must stay the same. */
export interface GrowingOptions {
  readonly explainInit?: ExplainInit | undefined;
  readonly held?: HeldFunctions | undefined;
  /** By the object's name; without it each is taken for itself. */
  readonly across?: ReadonlyMap<string, AcrossObjects> | undefined;
  /** Without it every global symbol counts as used by other objects. */
  readonly symbolUsers?: SymbolUsers | undefined;
}

interface Known {
  readonly said: SaidOfObject;
  /** What explainInit() was asked, and what it said. */
  readonly answers: ReadonlyMap<string, string | undefined>;
  readonly compared: ComparedObject;
}

interface SaidOfObject {
  readonly held: ReadonlyMap<string, string>;
  readonly across: unknown;
  readonly symbolUsers: SymbolUsers | undefined;
}

export class CompareMemory {
  /** Once they are known, which takes long. */
  symbolUsers: SymbolUsers | undefined;
  readonly #known = new Map<ObjectPair, Known[]>();

  /** As it was compared with options that say the same of it. */
  find(pair: ObjectPair, options: GrowingOptions): ComparedObject | undefined {
    const said = saidOf(pair, options);
    return this.#known.get(pair)?.find((one) => {
      return isSame(one.said, said) && answersAlike(pair, one.answers, options.explainInit);
    })?.compared;
  }

  /** What does not depend on such options. */
  findFixed(pair: ObjectPair): Pick<ComparedObject, "layoutChanges" | "compiler"> | undefined {
    return this.#known.get(pair)?.[0]?.compared;
  }

  /** In place of the options' own, so that it is known what was asked. */
  explainer(
    pair: ObjectPair,
    { explainInit }: GrowingOptions,
  ): {
    readonly answers: Known["answers"];
    readonly explain: (name: string) => string | undefined;
  } {
    const answers = new Map<string, string | undefined>();
    const explain = (name: string): string | undefined => {
      const answer = explainInit?.(pair.object, name);
      answers.set(name, answer);
      return answer;
    };
    return { answers, explain };
  }

  keep(
    pair: ObjectPair,
    options: GrowingOptions,
    { answers, compared }: Pick<Known, "answers" | "compared">,
  ): void {
    const known = this.#known.get(pair) ?? [];
    known.push({ said: saidOf(pair, options), answers, compared });
    this.#known.set(pair, known);
  }
}

function saidOf(
  { object }: ObjectPair,
  { held, across, symbolUsers }: GrowingOptions,
): SaidOfObject {
  const { crossings, newElsewhere } = across?.get(object) ?? {};
  const { away, here } = crossings ?? { away: new Map(), here: new Map() };
  // Of a variable in whose place nothing may be, as much is said by no word of it.
  const replaced = [...(newElsewhere ?? [])].filter(([, others]) => others.length > 0);
  return { held: held?.get(object) ?? new Map(), across: [away, here, replaced], symbolUsers };
}

function isSame(one: SaidOfObject, other: SaidOfObject): boolean {
  return (
    one.symbolUsers === other.symbolUsers &&
    isDeepStrictEqual([one.held, one.across], [other.held, other.across])
  );
}

function answersAlike(
  { object }: ObjectPair,
  answers: Known["answers"],
  explainInit: ExplainInit | undefined,
): boolean {
  return [...answers].every(([name, answer]) => explainInit?.(object, name) === answer);
}
