// What the comparison believes of Xen's sections, held against where the linker of a real hypervisor
// put what lies in them: what is "used and freed at boot" lies between __init_begin and __init_end, and
// nothing else does.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createTwoFilesPatch } from "diff";
import { ruleForSection } from "../../src/diff/policy.ts";
import { isNaming } from "../../src/diff/split/split-object.ts";
import { xenSectionPolicy } from "../../src/diff/xen-policy.ts";
import type { ElfObject, ElfSymbol } from "../../src/elf/object.ts";
import { openElf } from "../../src/elf/open.ts";
import { preparePairs } from "../../src/pairs/prepare-pairs.ts";
import { readXenSyms } from "../../src/running/xen-syms.ts";
import { fetchCorpusSource, whyNoCorpusSource } from "./build-corpus-source.ts";

/** Between them they have every kind of section but those of assembly. */
const files = [
  "xen/arch/x86/cpu/amd.c",
  "xen/arch/x86/setup.c",
  "xen/common/domain.c",
  "xen/common/keyhandler.c",
  "xen/common/sched/credit.c",
  "xen/drivers/char/console.c",
  "xen/drivers/vpci/msi.c",
];

const skip = await whyNoCorpusSource();

test("xenSectionPolicy() says of sections what the linker script did with them", {
  timeout: 300_000,
  skip,
}, async () => {
  const { source, config, xenSyms } = await fetchCorpusSource();
  const policy = xenSectionPolicy({ major: 4, minor: 17, point: 5 }, "x86_64", []);
  const { byName } = readXenSyms(readFileSync(xenSyms), xenSyms);
  const patches = files.map((path) => {
    const text = readFileSync(join(source, path), "latin1");
    return createTwoFilesPatch(`a/${path}`, `b/${path}`, text, `/* One line more. */\n${text}`);
  });
  const { pairs } = await preparePairs({
    inputs: {
      source,
      config: { name: config, text: readFileSync(config, "utf8") },
      patches: [{ name: "edits", bytes: Buffer.from(patches.join(""), "latin1") }],
      architecture: "x86_64",
    },
    run: { compiler: undefined, jobs: 2 },
  });
  const seen = new Map<string, number>();
  const wrong: string[] = [];
  for (const { object: name, before } of pairs) {
    const object = openElf(before ?? new Uint8Array(), name);
    for (const { symbol, xenName } of namedSymbols(object)) {
      const place = byName.get(xenName);
      if (symbol.place.kind !== "section") continue;
      const section = object.sections[symbol.place.index];
      if (place === undefined || section === undefined) continue;
      const { role } = ruleForSection(policy, section.name);
      seen.set(role, (seen.get(role) ?? 0) + 1);
      if ((role === "init") === place.isInit) continue;
      wrong.push(`${xenName} of ${section.name}: ${role}, isInit: ${place.isInit}`);
    }
  }
  assert.deepEqual(wrong, []);
  // Else it would have looked at nothing.
  for (const role of ["init", "code", "writable", "read-only", "boot-written", "unsupported"]) {
    assert.ok((seen.get(role) ?? 0) > 0, `${role}: ${JSON.stringify([...seen])}`);
  }
});

/** Under the names of Xen's own table; those that two places have are left out. */
function namedSymbols(
  object: ElfObject,
): readonly { readonly symbol: ElfSymbol; readonly xenName: string }[] {
  let file = "";
  const found = object.symbols.flatMap((symbol) => {
    if (symbol.type === "STT_FILE") file = symbol.name;
    if (symbol.place.kind !== "section" || !isNaming(symbol)) return [];
    const isLocal = symbol.binding === "STB_LOCAL";
    return [{ symbol, xenName: isLocal ? `${file}#${symbol.name}` : symbol.name }];
  });
  const count = new Map<string, number>();
  for (const { xenName } of found) count.set(xenName, (count.get(xenName) ?? 0) + 1);
  return found.filter(({ xenName }) => count.get(xenName) === 1);
}
