// How long it takes to open a large xen-syms and to find one symbol, beside `readelf -s` on the same
// file in the same run: node dist/bench/elf.js [FILE] [--json]. Without FILE, a file of 25 MB with
// 20,000 symbols is made for it.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type DraftSection,
  type DraftSymbol,
  findSymbol,
  Machine,
  openElf,
  SectionFlag,
  writeElf,
} from "../src/elf/mod.ts";

const RUNS = 15;

interface Measured {
  readonly fileBytes: number;
  readonly symbols: number;
  /** The first of the process, with the file read anew: nothing is compiled or cached by V8 yet. */
  readonly firstFindMs: number;
  /** Medians. */
  readonly findMs: number;
  readonly allSymbolsMs: number;
  readonly readelfMs: number;
}

function main(args: readonly string[]): void {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-bench-"));
  try {
    const given = args.find((arg) => !arg.startsWith("--"));
    const path = given ?? join(folder, "xen-syms");
    if (given === undefined) writeFileSync(path, largeFile());
    const measured = measure(path);
    console.log(args.includes("--json") ? JSON.stringify(measured) : render(path, measured));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measure(path: string): Measured {
  const wanted = lastGlobalName(path);
  const find = (): unknown => findSymbol(openElf(readFileSync(path), path), wanted);
  const firstFindMs = timed(find);
  const file = readFileSync(path);
  return {
    fileBytes: file.length,
    symbols: openElf(file, path).symbols.length,
    firstFindMs,
    findMs: median(find),
    allSymbolsMs: median(() => openElf(readFileSync(path), path).symbols),
    readelfMs: median(() => execFileSync("readelf", ["-sW", path], { maxBuffer: 1 << 30 })),
  };
}

/** The name that is hardest to find, got without warming up the code that is measured. */
function lastGlobalName(path: string): string {
  const options = { encoding: "utf8", maxBuffer: 1 << 30 } as const;
  const lines = execFileSync("readelf", ["-sW", path], options).split("\n");
  const names = lines.filter((line) => / GLOBAL .* \d+ \S+$/.test(line));
  return names.at(-1)?.split(" ").at(-1) ?? "";
}

function timed(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function median(work: () => unknown): number {
  const times = Array.from({ length: RUNS }, () => timed(work)).sort((left, right) => left - right);
  return times[Math.floor(RUNS / 2)] ?? 0;
}

function render(path: string, measured: Measured): string {
  const ms = (value: number): string => `${value.toFixed(1).padStart(8)} ms`;
  const ratio = (value: number): string =>
    `${(measured.readelfMs / value).toFixed(1)} times as fast as readelf -s`;
  return [
    `${path}: ${(measured.fileBytes / 2 ** 20).toFixed(1)} MiB, ${measured.symbols} symbols`,
    `open, find one symbol, first time ${ms(measured.firstFindMs)}  ${ratio(measured.firstFindMs)}`,
    `open, find one symbol             ${ms(measured.findMs)}  ${ratio(measured.findMs)}`,
    `open, read all symbols            ${ms(measured.allSymbolsMs)}  ${ratio(measured.allSymbolsMs)}`,
    `readelf -sW                       ${ms(measured.readelfMs)}`,
  ].join("\n");
}

/** As large as a xen-syms with debug information, and with more than twice its symbols. */
function largeFile(): Uint8Array {
  const text = section(".text", SectionFlag.SHF_ALLOC | SectionFlag.SHF_EXECINSTR, 2 ** 21);
  const debug = section(".debug_info", 0n, 22 * 2 ** 20);
  const symbols = Array.from(
    { length: 20_000 },
    (_, index): DraftSymbol => ({
      name: `xen_function_number_${index}`,
      value: BigInt(index * 64),
      size: 64n,
      binding: index % 2 === 0 ? "STB_LOCAL" : "STB_GLOBAL",
      type: "STT_FUNC",
      visibility: "STV_DEFAULT",
      place: text,
    }),
  );
  return writeElf({
    machine: Machine.EM_X86_64,
    osAbi: 0,
    flags: 0,
    sections: [text, debug],
    symbols,
  });
}

function section(name: string, flags: bigint, sizeBytes: number): DraftSection {
  const content = new Uint8Array(sizeBytes).map((_, index) => (index * 31) & 0xff);
  const type = "SHT_PROGBITS";
  return { name, type, flags, alignment: 16, entrySize: 0, content, relocations: [] };
}

main(process.argv.slice(2));
