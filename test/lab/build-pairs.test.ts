// The real source of the pinned Xen 4.17 through the I/O half of `xsplice build`: which objects a
// patch reaches, on files whose make files are tricky. It needs no hypervisor, but parts and make.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { createTwoFilesPatch } from "diff";
import { openElf } from "../../src/elf/open.ts";
import { preparePairs } from "../../src/pairs/prepare-pairs.ts";
import type { PreparedPairs } from "../../src/pairs/prepared-pairs.ts";
import { cacheFolder, fetchParts, planParts } from "../../src/parts/mod.ts";
import { requirePart } from "../../src/parts/parts.ts";
import { openBase } from "../../src/xen-make/base.ts";
import { withoutOutputs } from "../../src/xen-make/dependencies.ts";
import { readSourceTree } from "../../src/xen-make/source-tree.ts";
import { Timings } from "../../src/xen-make/timings.ts";
import { findMakeTools } from "../../src/xen-make/tools.ts";
import { whyNoCompiler } from "../why-no-build.ts";

const SOURCE_PART = "xen-source-4.17";
const XEN_PART = "xen-4.17";
const SHF_ALLOC = 2n;
/** For preparing a base on a busy machine; it takes 20 s on a quiet one. */
const timeout = 300_000;
const skip = whyNoCompiler();

before(
  async () => {
    if (skip !== false) return;
    await fetchParts(await planParts([SOURCE_PART, XEN_PART]));
  },
  { timeout },
);

function rootOf(part: string): string {
  const state = requirePart(part);
  assert.ok(state.kind === "cached");
  return state.root;
}

const configOf = () => {
  const name = join(rootOf(XEN_PART), "boot/xen-4.17-amd64.config");
  return { name, text: readFileSync(name, "utf8") };
};

type Edit = (text: string) => string;
const addLines: Edit = (text) => `/* One line more, */\n/* and another. */\n${text}`;

function prepare(edits: Readonly<Record<string, Edit>>): Promise<PreparedPairs> {
  const source = rootOf(SOURCE_PART);
  const patches = Object.entries(edits).map(([path, edit]) => {
    const text = readFileSync(join(source, path), "latin1");
    return createTwoFilesPatch(`a/${path}`, `b/${path}`, text, edit(text));
  });
  const edited = { name: "edits", bytes: Buffer.from(patches.join(""), "latin1") };
  return preparePairs({
    inputs: { source, config: configOf(), patches: [edited], architecture: "x86_64" },
    run: { compiler: undefined, jobs: 2 },
  });
}

const objectsOf = ({ pairs }: PreparedPairs) => pairs.map(({ object }) => object);

function requireAlike({ pairs }: PreparedPairs): void {
  for (const { object, before, after } of pairs) {
    assert.ok(before !== undefined && Buffer.from(before).equals(after), `${object} differs`);
  }
}

test("preparePairs() configures Debian's Xen as Debian did", { timeout, skip }, async () => {
  const { source } = await prepare({ "xen/common/kernel.c": addLines });
  const { configDifferences, compiler } = source;
  const others = configDifferences.filter(({ name }) => !/^CONFIG_(CC|GCC|LD|AS)_/.test(name));
  assert.deepEqual(others, []);
  if (compiler.version.includes("12.2.0")) assert.deepEqual(configDifferences, []);
});

test("preparePairs() gives all objects of files that are compiled twice and more", {
  timeout,
  skip,
}, async () => {
  const result = await prepare({
    "xen/common/kernel.c": addLines,
    "xen/arch/x86/mm/shadow/multi.c": addLines,
    "xen/common/efi/runtime.c": addLines,
    "xen/common/libelf/libelf-tools.c": addLines,
    "xen/common/gunzip.c": addLines,
  });
  assert.deepEqual(objectsOf(result), [
    "arch/x86/efi/compat.o",
    "arch/x86/efi/runtime.o",
    "arch/x86/mm/shadow/guest_2.o",
    "arch/x86/mm/shadow/guest_3.o",
    "arch/x86/mm/shadow/guest_4.o",
    "common/compat/kernel.o",
    "common/gunzip.init.o",
    "common/kernel.o",
    "common/libelf/libelf.o",
  ]);
  requireAlike(result);
});

test("preparePairs() asks the compiler which objects a header is in", {
  timeout,
  skip,
}, async () => {
  const result = await prepare({ "xen/include/xen/rbtree.h": addLines });
  assert.deepEqual(objectsOf(result), ["lib/rbtree.o"]);
  requireAlike(result);
});

test("preparePairs() takes what lies in boot code for what cannot be patched", {
  timeout,
  skip,
}, async () => {
  const result = await prepare({ "xen/arch/x86/boot/reloc.c": addLines });
  assert.deepEqual(objectsOf(result), []);
  assert.equal(result.account.ledger[0]?.outcome.kind, "refused");
});

test("openBase() gives commands whose -g moves no code", { timeout, skip }, async (t) => {
  const tools = await findMakeTools({ architecture: "x86_64", compiler: undefined });
  const base = await openBase({
    source: readSourceTree(rootOf(SOURCE_PART)),
    config: configOf(),
    tools,
    cache: cacheFolder(),
    jobs: 2,
    timings: new Timings(),
    onProgress: () => {},
  });
  const folder = mkdtempSync(join(tmpdir(), "xsplice-debug-info-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const object of ["common/kernel.o", "common/grant_table.o", "arch/x86/mm.o"]) {
    const unit = base.listing.units.find((candidate) => candidate.object === object);
    const command = unit?.compiles[0]?.command ?? [];
    assert.ok(command.length > 0 && !command.includes("-g"));
    const compile = (name: string, extra: readonly string[]) => {
      const output = join(folder, name);
      const [program = "", ...args] = [
        ...withoutOutputs(command),
        ...extra,
        ...["-c", "-o", output],
      ];
      execFileSync(program, args, { cwd: join(base.tree, "xen"), env: { ...tools.environment } });
      return loadedBytes(readFileSync(output));
    };
    assert.deepEqual(compile("with.o", ["-g"]), compile("without.o", []), object);
  }
});

/** Of every section that is loaded, in order. */
function loadedBytes(bytes: Uint8Array): Record<string, string> {
  const elf = openElf(bytes, "object");
  const loaded = elf.sections.filter(({ flags, size }) => (flags & SHF_ALLOC) !== 0n && size > 0);
  return Object.fromEntries(
    loaded.map(({ name, type, offset, size }, position) => [
      `${position} ${name}`,
      type === "SHT_NOBITS"
        ? `${size} bytes`
        : Buffer.from(bytes.subarray(offset, offset + size)).toString("hex"),
    ]),
  );
}
