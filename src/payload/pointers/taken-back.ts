// Whether a payload takes its pointers back: a hook that runs while it is reverted refers to what was
// handed out, to the place where it was stored, or to the counterpart of the function that has it. What
// the hook does with it is its author's affair.

import type { DraftSection } from "../../elf/draft.ts";
import { type HookKind, hookRules } from "../../xen-abi/hooks.ts";
import { undoes } from "./callees.ts";
import { addressIn, isCode, type PayloadCode, type Place } from "./code.ts";

type OwnPlace = Place & { readonly kind: "own" };

/** Those that run on the way out. */
const leavingHooks: readonly HookKind[] = ["unload", "prerevert", "revert", "postrevert"];

/** What a hook, and the functions of the payload that it calls, refer to. */
interface Reach {
  readonly kind: HookKind;
  readonly own: ReadonlySet<string>;
  readonly outside: ReadonlySet<string>;
}

export class TakenBack {
  readonly #payload: PayloadCode;
  readonly #reaches: readonly Reach[];
  /** Where the hooks begin. */
  readonly #entries = new Set<string>();

  constructor(payload: PayloadCode) {
    this.#payload = payload;
    this.#reaches = leavingHooks.flatMap((kind) => {
      const { section: name } = hookRules[kind];
      const section = payload.draft.sections.find((one) => one.name === name);
      return section === undefined ? [] : [this.#reachOf(kind, section)];
    });
  }

  byHook(
    target: OwnPlace,
    keeper: { readonly kind: "memory" | "callee"; readonly name: string | undefined },
  ): HookKind | undefined {
    const { kind, name } = keeper;
    const found = this.#reaches.find(({ own, outside }) => {
      if (own.has(this.#keyOf(target))) return true;
      if (name === undefined) return false;
      if (kind === "memory") return outside.has(name);
      return [...outside].some((other) => undoes(other, name));
    });
    return found?.kind;
  }

  /** Whatever such a hook hands out, it does so to take it back. */
  isLeavingHook(place: Pick<OwnPlace, "section" | "offset">): boolean {
    return this.#entries.has(this.#keyOf({ kind: "own", ...place }));
  }

  #reachOf(kind: HookKind, hooks: DraftSection): Reach {
    const own = new Set<string>();
    const outside = new Set<string>();
    const work: Place[] = hooks.relocations.flatMap((relocation) => addressIn(relocation) ?? []);
    const entries = new Set(work);
    for (const place of work) if (place.kind === "own") this.#entries.add(this.#keyOf(place));
    for (let place = work.pop(); place !== undefined; place = work.pop()) {
      if (place.kind === "outside") {
        outside.add(place.name);
        continue;
      }
      const key = this.#keyOf(place);
      if (own.has(key)) continue;
      // A hook itself is not a pointer that it takes back.
      if (!entries.has(place)) own.add(key);
      if (isCode(place.section)) work.push(...this.#referencesFrom(place));
    }
    return { kind, own, outside };
  }

  #referencesFrom(place: OwnPlace): readonly Place[] {
    const code = this.#payload.codeOf(place.section);
    const symbol = this.#payload.symbolAt(place);
    if (code === undefined || symbol?.type !== "STT_FUNC") return [];
    const [start, end] = [Number(symbol.value), Number(symbol.value + symbol.size)];
    const found: Place[] = [];
    for (const [offset, { reference, length }] of code.flow.steps) {
      if (offset < start || offset >= end || reference === undefined) continue;
      const { field, target } = reference;
      const to = this.#payload.placeOf(code, field, offset + length, target);
      const isInside = to.kind === "own" && this.#payload.symbolAt(to) === symbol;
      if (!isInside) found.push(to);
    }
    return found;
  }

  /** One for all places in a function or an object. */
  #keyOf(place: OwnPlace): string {
    const { section } = place;
    const offset = Number(this.#payload.symbolAt(place)?.value ?? place.offset);
    return `${this.#payload.draft.sections.indexOf(section)} ${offset}`;
  }
}
