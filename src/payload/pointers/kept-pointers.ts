// Pointers into a payload that the hypervisor keeps: the address of a function or an object that the
// payload brings goes into memory that is not the payload's own. A revert restores functions, and no
// pointer; once the payload is unloaded, whoever follows such a pointer runs or reads freed memory, and
// the host dies.
//
// Neither a place on the stack nor the payload's own data is such memory, nor is what a function returns:
// whoever calls it is not known here, and mostly reads the result and forgets it.

import type { DraftSection, DraftSymbol } from "../../elf/draft.ts";
import { type AddressUse, ARGUMENTS, type FlowStart } from "../../isa/x86-address-flow.ts";
import type { HookKind } from "../../xen-abi/hooks.ts";
import { withoutTag } from "../emit/tag.ts";
import { KEPT_WITHOUT_NAME } from "../metadata-keys.ts";
import { keepsData, keepsFunctions } from "./callees.ts";
import { addressIn, type CodeSection, isCode, type PayloadCode, type Place } from "./code.ts";
import type { TakenAddress } from "./take-addresses.ts";
import { TakenBack } from "./taken-back.ts";
import { isLockHolder, wordsOfTarget } from "./target-words.ts";

export interface KeptPointer {
  /** Name of the function or object, without its tag; data may have none. */
  readonly name: string | undefined;
  /** The same as part of a sentence. */
  readonly what: string;
  /** The instruction that stores or passes the address. */
  readonly section: DraftSection;
  readonly offset: number;
  /** The same place for messages: `function+0x12`. */
  readonly where: string;
  /** As text, after the place: `stores it in "key_table"`. */
  readonly how: string;
  /** A hook that seems to remove the pointer. */
  readonly takenBackBy: HookKind | undefined;
}

/** Where an address is stored or passed. */
type Keeper =
  | { readonly kind: "memory"; readonly name: string | undefined }
  | { readonly kind: "callee"; readonly name: string | undefined };

export function findKeptPointers(
  addresses: readonly TakenAddress[],
  payload: PayloadCode,
): readonly KeptPointer[] {
  const takenBack = new TakenBack(payload);
  const found = new Map<string, KeptPointer>();
  for (const taken of addresses) {
    if (takenBack.isLeavingHook(taken)) continue;
    const code = taken.by === "instruction" ? payload.codeOf(taken.section) : undefined;
    if (code === undefined) continue;
    if (isLockHolder(taken.target, payload)) continue;
    const isFunction = leadsToCode(taken, payload);
    const words = wordsOfTarget(taken.target, payload);
    for (const { keeper, use, within } of new Follower(payload).keepersOf(code, taken)) {
      if (keeper.kind === "callee" && !keeps(keeper.name, isFunction)) continue;
      const { section } = within;
      const where = describePlace(payload, section, use.offset);
      const takenBackBy = takenBack.byHook(taken.target, keeper);
      const how = describeKeeper(keeper);
      const place = { section, offset: use.offset, where };
      found.set(`${words.what} ${where}`, { ...words, ...place, how, takenBackBy });
    }
  }
  return [...found.values()];
}

/** Names of those that no hook removes; sorted. `*` if none of the kept ones has a name. */
export function namesKept(pointers: readonly KeptPointer[]): readonly string[] {
  const lasting = pointers.filter(({ takenBackBy }) => takenBackBy === undefined);
  if (lasting.length === 0) return [];
  const names = [...new Set(lasting.flatMap(({ name }) => name ?? []))].sort();
  return names.length === 0 ? [KEPT_WITHOUT_NAME] : names;
}

function keeps(callee: string | undefined, isFunction: boolean): boolean {
  return isFunction ? keepsFunctions(callee) : keepsData(callee);
}

/** A function, or an object with pointers to functions, as a table of operations. */
function leadsToCode({ target }: TakenAddress, payload: PayloadCode): boolean {
  if (isCode(target.section)) return true;
  const object = payload.symbolAt(target);
  if (object === undefined) return false;
  const [start, end] = [Number(object.value), Number(object.value + object.size)];
  return target.section.relocations.some((relocation) => {
    if (relocation.offset < start || relocation.offset >= end) return false;
    const place = addressIn(relocation);
    return place?.kind === "own" && isCode(place.section);
  });
}

interface Handed {
  readonly keeper: Keeper;
  readonly use: AddressUse;
  readonly within: CodeSection;
}

/** Follows one address, into the functions of the payload too that it is handed to. */
class Follower {
  readonly #payload: PayloadCode;
  readonly #seen = new Set<string>();

  constructor(payload: PayloadCode) {
    this.#payload = payload;
  }

  keepersOf(code: CodeSection, start: FlowStart): readonly Handed[] {
    const key = `${code.section.name} ${start.offset} ${start.holders}`;
    if (this.#seen.has(key)) return [];
    this.#seen.add(key);
    const { offset, holders } = start;
    const from = holders === undefined ? { offset } : { offset, holders };
    return code.flow.usesOf(from, "pointers").flatMap((use) => this.#handedBy(use, code));
  }

  #handedBy(use: AddressUse, code: CodeSection): readonly Handed[] {
    switch (use.kind) {
      case "store":
        return this.#storedBy(use, code);
      case "call":
      case "leave": {
        const holders = use.holders & ARGUMENTS;
        if (holders === 0) return [];
        const callee = use.reference?.kind === "branch" ? this.#placeOf(use, code) : undefined;
        const own = callee?.kind === "own" ? this.#payload.codeOf(callee.section) : undefined;
        if (callee?.kind === "own" && own !== undefined)
          return this.keepersOf(own, { offset: callee.offset, holders });
        const name = callee?.kind === "outside" ? callee.name : undefined;
        return [{ keeper: { kind: "callee", name }, use, within: code }];
      }
      default:
        return [];
    }
  }

  #storedBy(use: AddressUse & { readonly kind: "store" }, code: CodeSection): readonly Handed[] {
    if (use.place === "stack" || use.place === "own") return [];
    const place = use.place === "relative" ? this.#placeOf(use, code) : undefined;
    if (place?.kind === "own") return [];
    return [{ keeper: { kind: "memory", name: place?.name }, use, within: code }];
  }

  #placeOf(use: AddressUse & { readonly kind: "store" | "call" | "leave" }, code: CodeSection) {
    const { reference, offset } = use;
    const length = code.flow.steps.get(offset)?.length ?? 0;
    if (reference === undefined) return undefined;
    return this.#payload.placeOf(code, reference.field, offset + length, reference.target);
  }
}

function describePlace(payload: PayloadCode, section: DraftSection, offset: number): string {
  const place: Place = { kind: "own", section, offset };
  const symbol: DraftSymbol | undefined = payload.symbolAt(place);
  const [name, from] =
    symbol === undefined ? [section.name, 0] : [withoutTag(symbol.name), Number(symbol.value)];
  return `${name}+0x${(offset - from).toString(16)}`;
}

function describeKeeper({ kind, name }: Keeper): string {
  if (kind === "memory") {
    return name === undefined
      ? "stores it in memory that is not the payload's own"
      : `stores it in "${name}"`;
  }
  return name === undefined
    ? "hands it to a function that it calls by pointer"
    : `hands it to "${name}"`;
}
