// What a user wants, and which payloads that means on this host.

import { PAYLOAD_NAME_MAX } from "../xen-abi/limits.ts";
import { unknownFacts } from "./facts.ts";
import type { HostState, LoadedPayload } from "./host-state.ts";
import type { Obstacle } from "./obstacle.ts";
import type { GivenPayload, Piece } from "./piece.ts";

export type Wish =
  /** Exactly these applied, in the order of their dependencies, and nothing else loaded. */
  | { readonly kind: "apply-exactly"; readonly payloads: readonly GivenPayload[] }
  /** These reverted and unloaded, everything else unchanged. */
  | { readonly kind: "revert"; readonly names: readonly string[] }
  /** Back to an earlier state: these applied, from the bottom to the top; the others unloaded. */
  | {
      readonly kind: "restore";
      readonly stack: readonly string[];
      readonly unwanted: readonly string[];
    };

/** All payloads that concern a wish. */
export interface Cast {
  /** In load order. */
  readonly loaded: readonly { readonly piece: Piece; readonly payload: LoadedPayload }[];
  readonly wanted: readonly Piece[];
  readonly unwanted: ReadonlySet<Piece>;
  readonly obstacles: readonly Obstacle[];
}

/** @param files of loaded payloads, and of those that they depend on, as far as they were given */
export function castFor(state: HostState, wish: Wish, files: readonly GivenPayload[]): Cast {
  const given = wish.kind === "apply-exactly" ? [...wish.payloads, ...files] : files;
  const loaded = state.loaded.map((payload) => {
    const file = given.find(({ facts }) => isSame(facts.buildId, payload.facts.buildId));
    const facts = file?.facts ?? payload.facts;
    return { payload, piece: { name: payload.name, facts, file } };
  });
  const pieces = loaded.map(({ piece }) => piece);
  if (wish.kind === "revert") {
    const named = new Set(pieces.filter(({ name }) => wish.names.includes(name)));
    const unknown = wish.names.flatMap((name) => findUnknown(name, state));
    const open = state.interruptedGoal ?? state.lifted ?? [];
    const staying = [...new Set([...state.stack.names, ...open])];
    const others = staying.filter((name) => !wish.names.includes(name));
    const wanted = others.flatMap((name) => findPiece(name, pieces, files) ?? []);
    const lost = others.filter((name) => findPiece(name, pieces, files) === undefined);
    const obstacles = [...unknown, ...lost.map(liftedWithoutFile)];
    return { loaded, wanted, unwanted: named, obstacles };
  }
  if (wish.kind === "restore") {
    const wanted = wish.stack.map((name) => {
      return findPiece(name, pieces, files) ?? { name, facts: unknownFacts, file: undefined };
    });
    const unwanted = new Set(pieces.filter(({ name }) => wish.unwanted.includes(name)));
    return { loaded, wanted, unwanted, obstacles: [] };
  }
  const names = new Set(pieces.map(({ name }) => name));
  const wanted: Piece[] = [];
  for (const file of wish.payloads) {
    const known = [...pieces, ...wanted].find(({ facts }) =>
      isSame(facts.buildId, file.facts.buildId),
    );
    const piece = known ?? { name: freeName(file, names), facts: file.facts, file };
    names.add(piece.name);
    if (!wanted.includes(piece)) wanted.push(piece);
  }
  const unwanted = new Set(pieces.filter((piece) => !wanted.includes(piece)));
  return { loaded, wanted, unwanted, obstacles: [] };
}

/** Names that are to be removed and are gone already: nothing has to be done for them. */
export function goneAlready({ gone = [] }: HostState, wish: Wish): readonly string[] {
  return wish.kind === "revert" ? gone.filter((name) => wish.names.includes(name)) : [];
}

/** The loaded payload, or else a file that would be loaded under that name. */
function findPiece(
  name: string,
  pieces: readonly Piece[],
  files: readonly GivenPayload[],
): Piece | undefined {
  const file = files.find((given) => given.name === name);
  const piece = pieces.find((loaded) => loaded.name === name);
  return piece ?? (file && { name, facts: file.facts, file });
}

function isSame(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && one === other;
}

/** Another payload may have the name, and a replace needs both loaded. */
function freeName({ name, facts }: GivenPayload, taken: ReadonlySet<string>): string {
  for (let attempt = 0; ; attempt++) {
    const ending = attempt === 0 ? "" : `-${facts.buildId?.slice(0, 8)}${"x".repeat(attempt - 1)}`;
    const candidate = firstBytes(name, PAYLOAD_NAME_MAX - ending.length) + ending;
    if (!taken.has(candidate)) return candidate;
  }
}

function firstBytes(text: string, count: number): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= count) return text;
  return new TextDecoder("utf-8").decode(bytes.subarray(0, count), { stream: true });
}

function liftedWithoutFile(name: string): Obstacle {
  return {
    code: "plan/no-file",
    problem: `Cannot apply "${name}" again: its file was not given`,
    where: "an interrupted sync reverted it, and was going to apply it again",
    expected: "the file of each payload that was applied and is to stay",
    remedy: "give its file with --payload, or name all that should be applied with --to",
  };
}

function findUnknown(name: string, state: HostState): readonly Obstacle[] {
  // An interrupted sync has reverted it already, and not restored all that it had lifted.
  if (state.interruptedGoal !== undefined && !state.interruptedGoal.includes(name)) return [];
  if (state.lifted?.includes(name)) return [];
  // Removed before, by this or another command; any other unknown name may be a typing error.
  if (state.gone?.includes(name)) return [];
  if (state.loaded.some((payload) => payload.name === name)) return [];
  const names = state.loaded.map((payload) => `"${payload.name}"`);
  return [
    {
      code: "plan/not-loaded",
      problem: `Cannot revert "${name}": no payload of that name is loaded`,
      expected: names.length === 0 ? "a host with payloads; this one has none" : names.join(", "),
    },
  ];
}
