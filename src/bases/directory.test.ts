// Directories as bases: each kind that is known, and what is said where something is not as it must be.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { encodeBuildIdNote } from "../xen-abi/build-id-note.ts";
import { syntheticXenSyms, XEN_ID } from "../xen-model/synthetic.test.support.ts";
import type { BaseNeed } from "./base.ts";
import { openBase } from "./open-base.ts";
import { pathFromPrepareBuild } from "./prepare-build.ts";

const world = mkdtempSync(join(tmpdir(), "xsplice-bases-"));
after(() => rmSync(world, { recursive: true, force: true }));

const xenMakefile = (extra: string) =>
  `export XEN_VERSION = 4\nexport XEN_SUBVERSION = 17\nexport XEN_EXTRAVERSION ?= ${extra}$(XEN_VENDORVERSION)\n`;
const id = Buffer.from(XEN_ID, "hex");
/** What a boot loader takes: no ELF64, with the note somewhere. */
const image = (of = id) =>
  gzipSync(Buffer.concat([Buffer.alloc(300, 1), encodeBuildIdNote(of), Buffer.alloc(9)]));

const files = {
  "xen-syms": syntheticXenSyms("4.17.5"),
  "source/xen/Makefile": xenMakefile(".5"),
  config: "CONFIG_LIVEPATCH=y\n",
  "xen.gz": image(),
};
const description = { "xen-syms": "xen-syms", source: "source", config: "config", image: "xen.gz" };
type Files = Readonly<Record<string, string | Uint8Array>>;

let folders = 0;
function folderWith(contents: Files): string {
  const folder = join(world, String(++folders));
  for (const [path, content] of Object.entries(contents)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}
const described = (fields: object, contents: Files = {}) =>
  folderWith({ ...files, ...contents, "base.json": JSON.stringify({ ...description, ...fields }) });
const open = (folder: string, need: BaseNeed = "build") => openBase(folder, { need });

test("openBase() takes what base.json names, relative to its directory", async () => {
  const folder = described({ compiler: "gcc-11", "build-id": XEN_ID.toUpperCase() });
  const base = await open(folder);
  assert.equal(base.buildId, XEN_ID);
  assert.equal(base.source, join(folder, "source"));
  assert.equal(base.xenSyms, join(folder, "xen-syms"));
  assert.deepEqual(base.config, { name: join(folder, "config"), text: "CONFIG_LIVEPATCH=y\n" });
  assert.deepEqual([base.image, base.compiler], [join(folder, "xen.gz"), "gcc-11"]);
});

test("openBase() finds source, symbols and settings where xen-lp-devel has them", async () => {
  const folder = folderWith({
    "xen-syms": files["xen-syms"],
    "xen-syms-d": "the debug build",
    "xen/Makefile": xenMakefile(".5"),
    "buildconfigs/config-release": "CONFIG_LIVEPATCH=y\n",
  });
  const base = await open(folder);
  assert.equal(base.source, folder);
  assert.equal(base.config?.name, join(folder, "buildconfigs/config-release"));
});

test("pathFromPrepareBuild() reads how a software collection that is installed is enabled", () => {
  const file = join(
    folderWith({ "prepare-build": "source /opt/rh/gcc-11/enable\n" }),
    "prepare-build",
  );
  const text = "echo shown to nobody\nPATH=/opt/vendor/bin:$PATH\n";
  const collections = folderWith({ "gcc-11/enable": text });
  assert.match(pathFromPrepareBuild(file, collections) ?? "", /^\/opt\/vendor\/bin:/);
  assert.equal(pathFromPrepareBuild(file, world), undefined);
});

test("openBase() runs nothing that a directory brings or names", async () => {
  const mark = join(world, "mark");
  const script = join(folderWith({ enable: `touch ${mark}\n` }), "enable");
  for (const path of [script, `/opt/rh/../..${script}`, `/opt/rh/x;touch ${mark};/enable`]) {
    const folder = folderWith({
      "xen-syms": files["xen-syms"],
      "xen/Makefile": xenMakefile(".5"),
      "xen/.config": "CONFIG_LIVEPATCH=y\n",
      "prepare-build": `source ${path}\n`,
    });
    assert.equal((await open(folder)).path, undefined);
  }
  for (const compiler of ["./gcc", script]) {
    await assert.rejects(
      open(described({ compiler })),
      /Cannot take the compiler from .*: it is a path/,
    );
  }
  assert.equal(existsSync(mark), false);
});

test("openBase() finds a Xen that was built in its source, or by make O=", async () => {
  const tree = folderWith({
    "xen/Makefile": xenMakefile(".5"),
    "xen/xen-syms": files["xen-syms"],
    "xen/.config": "CONFIG_LIVEPATCH=y\n",
    "xen/xen.gz": image(),
  });
  assert.equal((await open(tree)).source, tree);
  assert.equal((await open(tree, "lab")).image, join(tree, "xen/xen.gz"));
  const built = folderWith({ "xen-syms": files["xen-syms"], ".config": "CONFIG_LIVEPATCH=y\n" });
  symlinkSync(join(tree, "xen"), join(built, "source"));
  assert.equal((await open(built)).source, tree);
});

test("openBase() takes a source of the caller's, and holds it against the symbols, too", async () => {
  const folder = folderWith({
    ...files,
    "base.json": JSON.stringify({ "xen-syms": "xen-syms", config: "config" }),
  });
  const source = join(folder, "source");
  assert.equal((await openBase(folder, { source })).source, source);
  writeFileSync(join(source, "xen/Makefile"), xenMakefile(".4"));
  await assert.rejects(openBase(folder, { source }), /are of two releases/);
});

test("openBase() asks for no more than a command needs", async () => {
  const folder = described({ source: undefined, config: undefined, image: undefined });
  assert.equal((await open(folder, "symbols")).buildId, XEN_ID);
  await assert.rejects(open(folder, "build"), /it has no source\n +expected: +Xen's source/);
  await assert.rejects(open(folder, "lab"), /it has no image\n +expected: +xen\.gz/);
});

interface Trouble {
  readonly fields?: object;
  readonly contents?: Files;
  readonly need?: BaseNeed;
  readonly says: RegExp;
}
const otherId = "b2".repeat(20);
const troubles: Readonly<Record<string, Trouble>> = {
  "an image of another build": {
    contents: { "xen.gz": image(Buffer.from(otherId, "hex")) },
    says: new RegExp(`not of one build\n +where: .*build-id ${otherId}\n +expected: +${XEN_ID}`),
  },
  "an image without a build-id": {
    contents: { "xen.gz": "no hypervisor" },
    need: "lab",
    says: /not of one build\n +where: .*no build-id/,
  },
  "a truncated image": { contents: { "xen.gz": image().subarray(0, 40) }, says: /it is cut short/ },
  "symbols of another build than said": {
    fields: { "build-id": otherId },
    says: new RegExp(`of another build than .*base\\.json.*expected: +${otherId}`, "s"),
  },
  "a source of another point release": {
    contents: { "source/xen/Makefile": xenMakefile(".6") },
    says: /two releases\n +where: .*Xen 4\.17\.6\n +expected: +Xen 4\.17\.5/,
  },
  "a source of another project": {
    contents: { "source/xen/Makefile": "all:\n" },
    says: /xen\/Makefile does not name a version of Xen/,
  },
  "a configuration that nobody has": {
    fields: { config: undefined },
    says: /it has no configuration, and neither has the hypervisor itself/,
  },
  "a path that leads nowhere": { fields: { config: "gone" }, says: /its config is not there/ },
  "symbols that are none": { contents: { "xen-syms": "text" }, says: /Cannot read/ },
  "a field that is unknown": { fields: { xensyms: "x" }, says: /base\.json": .*xensyms/ },
  "a build-id that is none": { fields: { "build-id": "xyz" }, says: /build-id is "xyz"/ },
};
for (const [what, { fields = {}, contents = {}, need = "build", says }] of Object.entries(
  troubles,
)) {
  test(`openBase() refuses ${what}`, async () => {
    await assert.rejects(open(described(fields, contents), need), says);
  });
}

test("openBase() says of a directory that is no base what would be one", async () => {
  const folder = folderWith({ "a.txt": "", "b.txt": "" });
  await assert.rejects(open(folder), /it contains a\.txt, b\.txt\n +expected: +base\.json/);
  await assert.rejects(open(`${folder}/gone`), /there is no such directory/);
  await assert.rejects(open(join(folder, "a.txt")), /there is no such directory/);
  const broken = folderWith({ "base.json": "{" });
  await assert.rejects(open(broken), /it is not JSON/);
});

test("openBase() waits for no pipe in the place of a file", { timeout: 20_000 }, async () => {
  const pipeIn = (folder: string, name: string) => execFileSync("mkfifo", [join(folder, name)]);
  for (const name of ["xen-syms", "config"]) {
    const folder = described({ [name]: "pipe" });
    pipeIn(folder, "pipe");
    await assert.rejects(open(folder), new RegExp(`its ${name} is not a regular file`));
  }
  for (const name of ["base.json", "xen-syms", "prepare-build"]) {
    const folder = folderWith({ "xen/Makefile": xenMakefile(".5") });
    pipeIn(folder, name);
    await assert.rejects(open(folder), /Cannot use ".*" as a base/);
  }
});
