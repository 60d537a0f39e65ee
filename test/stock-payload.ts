// A payload made by hand with stock tools alone (gcc, objcopy, ld), as one would do without
// xSplice: a second witness beside our own emitter. The tables are written in assembly without
// any symbol, since every named symbol of a payload must be unique in the whole hypervisor.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseHex } from "../src/bytes/hex.ts";
import { encodeBuildIdNote } from "../src/xen-abi/build-id-note.ts";
import { type HookKind, hookRules } from "../src/xen-abi/hooks.ts";
import { encodeModinfo } from "../src/xen-abi/modinfo.ts";

export interface StockFunction {
  /** As Xen's table spells it; looked up by name when `oldAddress` is "by-name". */
  readonly name: string;
  readonly oldAddress?: "by-name" | "by-symbol";
  /** In bytes; as xen-syms has it. */
  readonly oldSize: number;
  /** The C function that replaces it; or NOPs over so many bytes; or nothing but a check. */
  readonly by: { readonly symbol: string } | { readonly nopBytes: number } | "guard";
  /** Hex of at most 31 bytes; version 2 only. */
  readonly expectation?: string;
}

export interface StockRecipe {
  /** C code. Its names must be unique in the hypervisor; functions must not be static. */
  readonly code: string;
  readonly functions: readonly StockFunction[];
  /** Hex, of the hypervisor; `undefined` leaves the note out. */
  readonly xenBuildId: string | undefined;
  /** Hex, of the payload below; the hypervisor's when left out. */
  readonly depends?: string;
  /** C functions by kind. */
  readonly hooks?: Readonly<Partial<Record<HookKind, readonly string[]>>>;
  readonly metadata?: readonly string[];
  readonly version?: 1 | 2;
}

/** Those that Xen's loader can do with: no GOT, no relocation but 64, PC32 and PLT32. */
const compilerFlags = [
  ..."-c -O2 -ffreestanding -fPIE -fvisibility=hidden -fno-plt -fno-stack-protector".split(" "),
  ..."-fno-asynchronous-unwind-tables -fcf-protection=none -mno-red-zone -mno-sse".split(" "),
  ..."-fno-common -mindirect-branch=thunk-extern".split(" "),
];

/** The finished file; needs gcc, objcopy and ld on the machine. */
export function makeStockPayload(recipe: StockRecipe): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-stock-"));
  try {
    const file = (name: string, content: string | Uint8Array): string => {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    };
    const run = (tool: string, ...args: string[]): string =>
      execFileSync(tool, args, {
        cwd: folder,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      });
    // Without it, gcc reaches Xen's own functions through a GOT, which no payload has.
    file("code.c", `#pragma GCC visibility push(hidden)\n${recipe.code}\n`);
    run("gcc", ...compilerFlags, "code.c", "-o", "code.o");
    const sizes = functionSizes(run("nm", "--print-size", "code.o"));
    file("tables.s", tablesOf(recipe, sizes));
    run("gcc", "-c", "tables.s", "-o", "tables.o");
    const added = Object.entries(addedSections(recipe)).flatMap(([name, content], index) => [
      `--add-section=${name}=${file(`section-${index}`, content)}`,
      `--set-section-flags=${name}=alloc,readonly`,
    ]);
    run("objcopy", ...added, "tables.o");
    run("objcopy", "--remove-section=.comment", "--remove-section=.note.GNU-stack", "code.o");
    run("ld", "-r", "--build-id=sha1", "code.o", "tables.o", "-o", "out.livepatch");
    return new Uint8Array(readFileSync(join(folder, "out.livepatch")));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Replaces xen_extra_version, so that `xl info` shows `text`: the smallest change one can see. */
export function extraVersionRecipe(options: {
  readonly text: string;
  /** Unique among the payloads that are loaded together. */
  readonly tag: string;
  readonly xenBuildId: string;
  readonly depends?: string;
  /** Of xen_extra_version; 12 in Debian's 4.17. */
  readonly oldSize: number;
}): StockRecipe {
  const symbol = `stock_extra_version_${options.tag}`;
  return {
    code: `const char *${symbol}(void) { return ${JSON.stringify(options.text)}; }`,
    functions: [{ name: "xen_extra_version", oldSize: options.oldSize, by: { symbol } }],
    xenBuildId: options.xenBuildId,
    ...(options.depends === undefined ? {} : { depends: options.depends }),
  };
}

function addedSections(recipe: StockRecipe): Record<string, Uint8Array> {
  const depends = recipe.depends ?? recipe.xenBuildId;
  return {
    ...(depends && { ".livepatch.depends": encodeBuildIdNote(parseHex(depends)) }),
    ...(recipe.xenBuildId && {
      ".livepatch.xen_depends": encodeBuildIdNote(parseHex(recipe.xenBuildId)),
    }),
    ...(recipe.metadata && { ".modinfo": encodeModinfo(recipe.metadata) }),
  };
}

/** Of the functions by name, in bytes, from lines of "value size type name". */
function functionSizes(listing: string): ReadonlyMap<string, number> {
  const lines = listing.split("\n").map((line) => line.split(" "));
  return new Map(lines.map(([, size, , name]) => [name ?? "", Number.parseInt(size ?? "", 16)]));
}

/** The table of functions and those of hooks, as assembly that leaves no symbol behind. */
function tablesOf(recipe: StockRecipe, sizes: ReadonlyMap<string, number>): string {
  const lines: string[] = [];
  if (recipe.functions.length > 0) {
    lines.push('.section .livepatch.funcs,"a",@progbits', ".balign 8");
    for (const entry of recipe.functions) lines.push(...entryLines(entry, recipe, sizes));
  }
  for (const [kind, symbols] of Object.entries(recipe.hooks ?? {})) {
    const { section } = hookRules[kind as HookKind];
    lines.push(`.section ${section},"a",@progbits`, ".balign 8");
    lines.push(...symbols.map((symbol) => `.quad ${symbol}`));
  }
  return `${lines.join("\n")}\n`;
}

function entryLines(
  entry: StockFunction,
  recipe: StockRecipe,
  sizes: ReadonlyMap<string, number>,
): string[] {
  const { newAddress, newSize } = newCodeOf(entry, sizes);
  const oldAddress = entry.oldAddress === "by-symbol" ? `"${entry.name}"` : "0";
  const expected = parseHex(entry.expectation ?? "");
  const bits = entry.expectation === undefined ? 0 : 1 | (expected.length << 1);
  const version = recipe.version ?? 2;
  return [
    '.pushsection .rodata.str1.1,"aMS",@progbits,1',
    `771: .asciz "${entry.name}"`,
    ".popsection",
    `.quad 771b, ${newAddress}, ${oldAddress}`,
    `.long ${newSize}, ${entry.oldSize}`,
    `.byte ${version}`,
    ...(version === 1
      ? [".zero 31"]
      : [".zero 39", `.byte ${[bits, ...expected].join(", ")}`, `.zero ${31 - expected.length}`]),
  ];
}

function newCodeOf(
  entry: StockFunction,
  sizes: ReadonlyMap<string, number>,
): { readonly newAddress: string; readonly newSize: number } {
  if (entry.by === "guard") return { newAddress: "0", newSize: 0 };
  if ("nopBytes" in entry.by) return { newAddress: "0", newSize: entry.by.nopBytes };
  const newSize = sizes.get(entry.by.symbol);
  if (newSize === undefined) throw new Error(`the code has no function ${entry.by.symbol}`);
  return { newAddress: entry.by.symbol, newSize };
}
