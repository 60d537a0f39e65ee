// Which pieces of code a payload has: new bodies of functions, hooks, and what it brings besides.

import { SectionFlag } from "../elf/constants.ts";
import type { Section } from "../elf/object.ts";
import { withoutTag } from "../payload/emit/tag.ts";
import type { PayloadContents, Target } from "../payload/payload.ts";
import type { CodeRange } from "./list-code.ts";
import type { PayloadPlaces } from "./payload-places.ts";

export interface CodePiece extends CodeRange {
  /** As Xen's table spells it for what replaces a function of it; else its own, without the tag. */
  readonly name: string;
  readonly role: "replacement" | "hook" | "function";
  /** Of its symbol, if it has one. */
  readonly symbol: string | undefined;
}

/** Replacements in the order of the table, then hooks and other functions in that of the sections. */
export function findCode(
  { functions, hooks }: Pick<PayloadContents, "functions" | "hooks">,
  places: PayloadPlaces,
): readonly CodePiece[] {
  const pieces: CodePiece[] = [];
  const known = new Set<string>();
  const add = (piece: CodePiece): void => {
    const key = `${piece.section.index}:${piece.start}`;
    if (piece.role !== "replacement" && known.has(key)) return;
    known.add(key);
    pieces.push(piece);
  };
  for (const entry of functions) {
    if (entry.kind !== "replace") continue;
    const place = placeOf(entry.newAddress, places);
    if (place === undefined) continue;
    const name = entry.name ?? place.symbol ?? "(no name)";
    add({ ...place, size: entry.newSize, name, role: "replacement" });
  }
  const hooked = new Set(hooks.flatMap(({ target }) => keyOf(placeOf(target, places)) ?? []));
  for (const piece of ownFunctions(places)) {
    add(hooked.has(keyOf(piece) ?? "") ? { ...piece, role: "hook" } : piece);
  }
  return pieces;
}

/** By the name of the replaced function, with or without its file, or by that of the own symbol. */
export function piecesNamed(pieces: readonly CodePiece[], name: string): readonly CodePiece[] {
  const bare = (text: string) => text.replace(/^.*#/, "");
  const exact = pieces.filter((piece) => piece.name === name || piece.symbol === name);
  return exact.length > 0 ? exact : pieces.filter((piece) => bare(piece.name) === bare(name));
}

interface Place {
  readonly section: Section;
  readonly start: number;
  readonly symbol: string | undefined;
}

function placeOf(target: Target, { object }: PayloadPlaces): Place | undefined {
  if (target.kind !== "own") return undefined;
  const section = object.sections.find(({ name }) => name === target.section);
  return section && { section, start: target.offset, symbol: target.symbol };
}

function keyOf(place: Pick<Place, "section" | "start"> | undefined): string | undefined {
  return place && `${place.section.index}:${place.start}`;
}

function ownFunctions({ object, symbols }: PayloadPlaces): readonly CodePiece[] {
  return symbols.flatMap((symbol): CodePiece[] => {
    if (symbol.type !== "STT_FUNC" || symbol.place.kind !== "section") return [];
    const section = object.sections[symbol.place.index];
    if (section === undefined || (section.flags & SectionFlag.SHF_EXECINSTR) === 0n) return [];
    if (symbol.value >= BigInt(section.size)) return [];
    const start = Number(symbol.value);
    const size = Math.min(Number(symbol.size), section.size - start);
    const name = withoutTag(symbol.name);
    return [{ section, start, size, name, symbol: symbol.name, role: "function" }];
  });
}
