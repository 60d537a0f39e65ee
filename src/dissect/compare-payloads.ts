// `xsplice diff`: compares two payloads by what they do. Names lose their tags, and references are
// compared by meaning; build-ids, which depend on everything else, are shown and do not count.

import { readElf } from "../elf/read.ts";
import { XspliceError } from "../error.ts";
import type { PayloadFinding } from "../payload/finding.ts";
import { type Inspection, inspectPayload } from "../payload/inspect.ts";
import type { PayloadContents, ReplaceEntry } from "../payload/payload.ts";
import type { Release } from "../xen-abi/release.ts";
import {
  type BodyPair,
  type CodeComparison,
  compareCode,
  type PieceDifference,
} from "./compare-code.ts";
import {
  compareEntries,
  compareExports,
  compareFacts,
  type FactDifference,
} from "./compare-tables.ts";

export interface PayloadComparison {
  /** `identical`: to the last byte; `same`: in everything that they do. */
  readonly outcome: "identical" | "same" | "different";
  readonly before: ComparedPayload;
  readonly after: ComparedPayload;
  /** Functions of the hypervisor that either payload replaces. */
  readonly functions: readonly FunctionComparison[];
  /** Functions, data and tables besides these, where they differ. */
  readonly pieces: readonly PieceDifference[];
  /** How many functions and data of both payloads are the same. */
  readonly equalPieces: number;
  readonly facts: readonly FactDifference[];
  /** Why code and data were only compared as bytes: one of the payloads is broken. */
  readonly codeUnread: string | undefined;
}

export interface ComparedPayload {
  readonly source: string;
  readonly sizeBytes: number;
  readonly buildId: string | undefined;
  readonly findings: readonly PayloadFinding[];
}

export interface FunctionComparison {
  /** As spelt in Xen's table. */
  readonly name: string;
  readonly change: "added" | "removed" | "changed" | "equal";
  /** Of a change, at least one. */
  readonly reasons: readonly string[];
}

export interface NamedPayload {
  readonly bytes: Uint8Array;
  /** The name of the file in messages. */
  readonly source: string;
}

/** @throws ElfError, PayloadError payload/not-a-payload when one of the files is not a payload */
export function comparePayloads(before: NamedPayload, after: NamedPayload): PayloadComparison {
  const [left, right] = [inspect(before), inspect(after)];
  const isIdentical = Buffer.compare(before.bytes, after.bytes) === 0;
  const bodies = pairBodies(left.contents, right.contents);
  const code = tryCode(before, after, bodies, right.contents);
  const functions = compareFunctions(left.contents, right.contents, code);
  const pieces =
    code.kind === "compared" ? besides(code.comparison, left.contents, right.contents) : [];
  const isSameCode =
    code.kind === "compared" &&
    pieces.length === 0 &&
    functions.every(({ change }) => change === "equal");
  const facts = [
    ...compareFacts(left.contents, right.contents),
    ...(isSameCode ? compareExports(left.contents, right.contents) : []),
  ];
  const isSame = isSameCode && facts.length === 0;
  return {
    outcome: isIdentical ? "identical" : isSame ? "same" : "different",
    before: summaryOf(left),
    after: summaryOf(right),
    functions,
    pieces,
    equalPieces: code.kind === "compared" ? code.comparison.equal : 0,
    facts,
    codeUnread: code.kind === "unread" ? code.reason : undefined,
  };
}

function inspect({ bytes, source }: NamedPayload): Inspection {
  return inspectPayload(bytes, source);
}

function summaryOf({ contents, findings }: Inspection): ComparedPayload {
  const { source, sizeBytes, buildId } = contents;
  return { source, sizeBytes, buildId, findings };
}

type ReplacedByName = ReadonlyMap<string, ReplaceEntry>;

/** Of entries with the same name Xen applies the first; a payload with several is told to be broken. */
function replacedByName({ functions }: PayloadContents): ReplacedByName {
  const found = new Map<string, ReplaceEntry>();
  for (const entry of functions) {
    if (entry.kind !== "replace") continue;
    const name = entry.name ?? "(no name)";
    if (!found.has(name)) found.set(name, entry);
  }
  return found;
}

function pairBodies(before: PayloadContents, after: PayloadContents): readonly BodyPair[] {
  const known = replacedByName(before);
  return [...replacedByName(after)].flatMap(([name, { newAddress }]) => {
    const old = known.get(name)?.newAddress;
    if (old?.kind !== "own" || newAddress.kind !== "own") return [];
    return { before: old, after: newAddress };
  });
}

type TriedCode =
  | { readonly kind: "compared"; readonly comparison: CodeComparison }
  | { readonly kind: "unread"; readonly reason: string };

function tryCode(
  before: NamedPayload,
  after: NamedPayload,
  bodies: readonly BodyPair[],
  { architecture, version }: PayloadContents,
): TriedCode {
  // Only layouts of tables depend on it, and those of 4.11 to 4.22 are the same.
  const release: Release = { major: 4, minor: version === 1 ? 13 : 17, point: 0 };
  try {
    // With a section that cannot be read, nobody knows that the two do the same.
    const left = readElf(before.bytes, before.source);
    const right = readElf(after.bytes, after.source);
    if (left.header.machine !== right.header.machine) {
      return { kind: "unread", reason: "they are for different architectures" };
    }
    const comparison = compareCode(left, right, bodies, { release, architecture });
    return { kind: "compared", comparison };
  } catch (error) {
    if (!(error instanceof XspliceError)) throw error;
    return { kind: "unread", reason: error.report.problem };
  }
}

function compareFunctions(
  before: PayloadContents,
  after: PayloadContents,
  code: TriedCode,
): readonly FunctionComparison[] {
  const [left, right] = [replacedByName(before), replacedByName(after)];
  const gone = [...left.keys()].filter((name) => !right.has(name));
  return [
    ...[...right].map(([name, entry]): FunctionComparison => {
      const old = left.get(name);
      if (old === undefined) return { name, change: "added", reasons: ["only the second has it"] };
      const reasons = [...compareEntries(old, entry), ...codeReasons(old, entry, code)];
      return { name, change: reasons.length > 0 ? "changed" : "equal", reasons };
    }),
    ...gone.map((name): FunctionComparison => {
      return { name, change: "removed", reasons: ["only the first has it"] };
    }),
  ];
}

function codeReasons(
  before: ReplaceEntry,
  { newAddress, newSize }: ReplaceEntry,
  code: TriedCode,
): readonly string[] {
  const found =
    code.kind === "compared" && newAddress.kind === "own"
      ? code.comparison.differenceAfter(newAddress)?.reasons
      : undefined;
  if (found !== undefined) return found;
  if (before.newSize === newSize) return [];
  return [`its new code has ${before.newSize} → ${newSize} bytes`];
}

/** New code is told with the function that it is for. */
function besides(
  { differences, differenceBefore, differenceAfter }: CodeComparison,
  before: PayloadContents,
  after: PayloadContents,
): readonly PieceDifference[] {
  const toldOf = (contents: PayloadContents, find: typeof differenceAfter) =>
    [...replacedByName(contents).values()].flatMap(({ newAddress }) =>
      newAddress.kind === "own" ? [find(newAddress)] : [],
    );
  const told = new Set([...toldOf(before, differenceBefore), ...toldOf(after, differenceAfter)]);
  return differences.filter((difference) => !told.has(difference));
}
