// A difference of code as text: the instruction on both sides, and the payload that may have changed
// it.

import { type Architecture, machineOfArchitecture } from "../isa/architecture.ts";
import { disassemble } from "../isa/disassemble.ts";
import { MARKER_APPLIED, MARKER_IDLE } from "../payload/marker.ts";
import type { CodeDifference, Cover, Suspect } from "./difference.ts";

const BYTES_PER_LINE = 11;
/** Enough instructions to show what the code does. */
const LINES_MAX = 3;

/** Lines without an end; the first names the place, the others are indented. */
export function describeDifference(
  difference: CodeDifference,
  architecture: Architecture | undefined,
): readonly string[] {
  const { functionName, offset, start, expected, actual, suspects } = difference;
  if (difference.cover !== undefined) return coverWords(difference.cover, suspects);
  if (isMarker(functionName)) return [markerWords(difference)];
  const side = (heading: string, bytes: Uint8Array): readonly string[] => [
    `  ${heading}:`,
    ...codeLines(bytes, { start, functionName, architecture }).map((line) => `    ${line}`),
  ];
  return [
    `${functionName}+0x${offset.toString(16)} is not what the payload expects`,
    ...side("expected", expected),
    ...side("found", actual),
    ...suspects.map((suspect) => `  ${suspectWords(suspect, functionName)}`),
  ];
}

function suspectWords({ payload, because }: Suspect, functionName: string): string {
  return because === "replaces-it"
    ? `most likely changed by payload "${payload}", which is applied and replaces ${functionName}`
    : `perhaps changed by payload "${payload}", which is applied and does not say what it replaces`;
}

/** The symbol of a marker, or the label that payload/marker.ts gives to an entry that requires one. */
function isMarker(name: string): boolean {
  return /^(xsplice\.marker\.|payload [0-9a-f]+, applied$)/.test(name);
}

function coverWords(
  { functionName, payload }: Cover,
  suspects: readonly Suspect[],
): readonly string[] {
  return [
    `another payload is already stacked on ${functionName} of payload "${payload}"`,
    ...suspects.map((suspect) => `  ${suspectWords(suspect, functionName)}`),
  ];
}

function markerWords({ functionName, offset, expected, actual }: CodeDifference): string {
  const which = /^payload ([0-9a-f]+)/.exec(functionName)?.[1];
  const name = which === undefined ? "the payload that it builds on" : `payload ${which}`;
  const isIdle = offset === 0 && expected[0] === MARKER_APPLIED && actual[0] === MARKER_IDLE;
  if (isIdle) return `${name} is loaded and not applied; apply it first`;
  return `${name} is not the one that is loaded: that has the same name for its marker, and other contents`;
}

interface CodePlace {
  readonly start: number;
  readonly functionName: string;
  readonly architecture: Architecture | undefined;
}

/** `+0x413  8d 7c 24 08  lea 0x8(%rsp),%edi`; on Arm only the bytes. */
function codeLines(
  bytes: Uint8Array,
  { start, functionName, architecture }: CodePlace,
): readonly string[] {
  const line = (offset: number, part: Uint8Array, text: string): string => {
    const hex = Array.from(part, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    return `+0x${offset.toString(16)}  ${hex.padEnd(BYTES_PER_LINE * 3)} ${text}`.trimEnd();
  };
  if (architecture !== "x86_64") return [line(start, bytes, "")];
  const resolveName = (target: bigint): string => {
    const offset = BigInt.asIntN(64, target);
    return offset >= 0n && offset < FUNCTION_SIZE_MAX ? functionName : "elsewhere";
  };
  const address = BigInt.asUintN(64, BigInt(start));
  const lines: string[] = [];
  for (const found of disassemble(machineOfArchitecture[architecture], bytes, {
    address,
    resolveName,
  })) {
    const text = inFunction(found);
    lines.push(line(Number(BigInt.asIntN(64, found.address)), found.bytes, text));
    // After a jump of another payload, the rest of an overwritten instruction is not decodable.
    if (lines.length === LINES_MAX || text === "jmp (elsewhere)") break;
  }
  return lines;
}

/** Longer than any function of Xen: a target farther away is in another function. */
const FUNCTION_SIZE_MAX = 0x4_0000n;

/** The function's address is unknown here: absolute targets outside of it are not printed. */
function inFunction({ text }: { readonly text: string }): string {
  return text
    .replace(/ # 0x[0-9a-f]+ <[^>]*>$/, "")
    .replace(/0x[0-9a-f]+ <elsewhere>$/, "(elsewhere)")
    .replace(/0x0*([0-9a-f]+) <([^>]*)>$/, "$2+0x$1");
}
