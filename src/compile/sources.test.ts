// What a payload records of the texts that it was compiled from.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sha256 } from "../bytes/sha256.ts";
import { readElf } from "../elf/read.ts";
import { readSources } from "../payload/made-from/sources.ts";
import { compile, folder } from "./compile.test.support.ts";

const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString();
const version = "const char *xen_extra_version(void)\n{\n    return VERSION;\n}\n";

/** A directory with these files. */
function folderWith(name: string, files: Readonly<Record<string, string>>): string {
  const place = join(folder, name);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(place, path, ".."), { recursive: true });
    writeFileSync(join(place, path), content);
  }
  return place;
}

async function recorded(sources: readonly string[], extraFlags: readonly string[] = []) {
  const options = { inputs: { sources }, compiler: { extraFlags } };
  const { bytes } = await compile("", options);
  return readSources(readElf(bytes, "fix"));
}

test("compilePayload() records its C files, and the headers beside and below them", async () => {
  const place = folderWith("sources-own", {
    "fix.c": `#include "inc/version.h"\n#include <stddef.h>\n${version}`,
    "inc/version.h": '#include "deep.h"\n#define VERSION DEEP\n',
    "inc/deep.h": '#define DEEP ".5+fix"\n',
    "unread.h": "",
  });
  const found = await recorded([join(place, "fix.c")]);
  assert.match(found?.compiler ?? "", /gcc|clang/);
  assert.deepEqual(
    found?.files.map(({ name }) => name),
    ["fix.c", "inc/version.h", "inc/deep.h"],
  );
  assert.equal(text(found?.files[2]?.bytes), '#define DEEP ".5+fix"\n');
});

test("compilePayload() records of a header elsewhere only its name and digest", async () => {
  const header = '#define VERSION ".5+fix"\n';
  const elsewhere = folderWith("sources-elsewhere", { "version.h": header });
  const place = folderWith("sources-include", { "fix.c": `#include "version.h"\n${version}` });
  const found = await recorded([join(place, "fix.c")], [`-I${elsewhere}`]);
  assert.deepEqual(found?.files[1], {
    name: "version.h",
    sha256: sha256(new TextEncoder().encode(header)),
    bytes: undefined,
  });
});

test("compilePayload() leaves out the texts of headers that would fill the payload", async () => {
  const place = folderWith("sources-big", {
    "fix.c": `#include "big.h"\n${version}`,
    "big.h": `/* ${"x".repeat(140_000)} */\n#define VERSION ".5+fix"\n`,
  });
  const [own, header] = (await recorded([join(place, "fix.c")]))?.files ?? [];
  assert.ok(own?.bytes !== undefined);
  assert.equal(header?.name, "big.h");
  assert.equal(header.bytes, undefined);
});

test("compilePayload() records once what several sources include", async () => {
  const place = folderWith("sources-two", {
    "a.c": `#include "version.h"\n${version}`,
    "b.c": '#include "version.h"\nint other_of_ours(void)\n{\n    return sizeof(VERSION);\n}\n',
    "version.h": '#define VERSION ".5+fix"\n',
  });
  const found = await recorded([join(place, "a.c"), join(place, "b.c")]);
  assert.deepEqual(
    found?.files.map(({ name }) => name),
    ["a.c", "version.h", "b.c"],
  );
});
