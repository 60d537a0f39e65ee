// docs/guides/depot.md and keeping-hosts-patched.md, followed as a reader would: each command as it stands.

import assert from "node:assert/strict";
import { copyFileSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { buildIdOfSymbols } from "../../src/bases/agree.ts";
import {
  fixedKernel,
  kernel,
  kernelFile,
  linkHypervisor,
  patchFrom,
} from "../../src/builder/build.test.support.ts";
import { makeSmallXen } from "../../src/xen-make/small-xen.test.support.ts";
import { buildTest } from "../why-no-build.ts";
import { DepotUnderTest } from "./depot-under-test.ts";

// They are no output of the compiler.
const guides = fileURLToPath(new URL("../../../docs/guides/", import.meta.url));
const own = new DepotUnderTest();
const home = process.cwd();
/** What the commands need of the surroundings, and the id of the page's own build. */
let env: Readonly<Record<string, string>> = {};
let buildId = "";
after(() => {
  process.chdir(home);
  own.remove();
});

function commandsOf(page: string): readonly string[] {
  const text = readFileSync(join(guides, page), "utf8");
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  return blocks.flatMap((block) => block.split("\n")).filter((line) => line !== "");
}

/** Words of a shell, as far as the pages have them. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

async function follow(page: string): Promise<void> {
  for (const line of commandsOf(page)) {
    const mayFail = line.endsWith(" || true");
    const words = wordsOf(line.replace(/ \|\| true$/, ""));
    const [program, ...args] = words.map((word) => word.replaceAll("BUILD-ID", buildId));
    assert.equal(program, "xsplice", line);
    const run = await own.try(args, { env });
    assert.ok(run.exitCode === 0 || (mayFail && run.exitCode === 2), `${line}\n${run.stderr}`);
  }
}

/** A small Xen under the names of the page, which a compiler makes payloads for. */
function writeOwnBuild(): void {
  const small = makeSmallXen({ after });
  const at = (name: string) => join(own.folder, name);
  symlinkSync(small.source, at("xen"));
  writeFileSync(at("xen-syms-own"), linkHypervisor());
  writeFileSync(at("xen.config"), "CONFIG_LIVEPATCH=y\n");
  const fix = patchFrom(kernelFile, kernel, fixedKernel[kernelFile] ?? "");
  writeFileSync(at("fix.patch"), fix.bytes);
  const files = { source: "xen", "xen-syms": "xen-syms-own", config: "xen.config" };
  const base = { ...files, label: "Own build", version: "4.17.4-5.xs8" };
  for (const name of ["bases.json", "xenserver.json"]) {
    writeFileSync(at(name), JSON.stringify({ bases: [base] }));
  }
  env = { XDG_CACHE_HOME: small.cacheHome, PATH: process.env["PATH"] ?? "" };
  buildId = buildIdOfSymbols(at("xen-syms-own"));
}

buildTest("docs/guides/depot.md holds, command by command", async () => {
  writeOwnBuild();
  const first = own.make("first", { functions: ["alpha", "beta"] });
  own.make("second", { functions: ["beta", "gamma"], on: [first] });
  writeFileSync(join(own.folder, "report.json"), "{}");
  process.chdir(own.folder);
  await follow("depot.md");
});

buildTest("docs/guides/keeping-hosts-patched.md holds, command by command", async () => {
  copyFileSync(own.root, join(own.folder, "root.json"));
  await follow("keeping-hosts-patched.md");
  assert.deepEqual(own.applied, ["first", "second"]);
});
