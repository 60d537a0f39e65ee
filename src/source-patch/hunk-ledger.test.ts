import assert from "node:assert/strict";
import { test } from "node:test";
import { alsoBuiltInto, kindOfFile } from "./hunk-kind.ts";
import { type LedgerFacts, type RuleChange, writeLedger } from "./hunk-ledger.ts";
import type { FilePatch, Hunk } from "./patch-file.ts";

test("kindOfFile() tells code from what decides how code is made, and from everything else", () => {
  const cases = {
    "xen/common/kernel.c": "code",
    "xen/include/public/sysctl.h": "code",
    "xen/include/asm-generic/vm_event.h": "code",
    "xen/arch/x86/x86_64/entry.S": "code",
    "xen/arch/arm/traps.c": "other-architecture",
    "xen/arch/arm/Makefile": "other-architecture",
    "xen/include/asm-arm/domain.h": "other-architecture",
    "xen/arch/x86/xen.lds.S": "refused",
    "xen/common/Kconfig": "configuration",
    "xen/arch/x86/Kconfig.cpu": "configuration",
    "xen/Kconfig.debug": "configuration",
    "xen/tools/gen-cpuid.py": "generator",
    "xen/include/xlat.lst": "generator",
    "xen/scripts/gen_hypercall.awk": "generator",
    "Config.mk": "make-file",
    "config/StdGNU.mk": "make-file",
    "xen/scripts/Kbuild.include": "make-file",
    "xen/common/efi/efi-common.mk": "make-file",
    "xen/common/Makefile": "make-file",
    "xen/arch/x86/arch.mk": "make-file",
    "xen/test/livepatch/Makefile": "not-hypervisor",
    "tools/xl/xl.c": "not-hypervisor",
    "docs/misc/xen-command-line.pandoc": "not-hypervisor",
    "SUPPORT.md": "not-hypervisor",
  };
  const found = Object.keys(cases).map((path) => [path, kindOfFile(path, "x86").kind]);
  assert.deepEqual(Object.fromEntries(found), cases);
  assert.equal(kindOfFile("xen/arch/arm/traps.c", "arm").kind, "code");
});

test("alsoBuiltInto() names what else is built from files of the hypervisor", () => {
  const shared = [
    "xen/include/public/sysctl.h",
    "xen/common/libelf/libelf-tools.c",
    "xen/common/unxz.c",
    "xen/lib/x86/cpuid.c",
    "xen/arch/x86/x86_emulate/x86_emulate.c",
  ];
  for (const path of shared) assert.notEqual(alsoBuiltInto(path), undefined, path);
  for (const path of ["xen/common/kernel.c", "xen/lib/sort.c", "xen/common/unlink.c"]) {
    assert.equal(alsoBuiltInto(path), undefined, path);
  }
});

test("kindOfFile() names the component that needs an update besides", () => {
  const components = ["tools/ocaml/xenstored/store.ml", "tools/firmware/hvmloader/hvmloader.c"].map(
    (path) => kindOfFile(path, "x86"),
  );
  assert.deepEqual(components, [
    { kind: "not-hypervisor", component: "xenstored" },
    { kind: "not-hypervisor", component: "guest firmware (hvmloader and others)" },
  ]);
});

function makeFileOutcome(found: Partial<LedgerFacts>) {
  const [entry] = writeLedger([patchOf("xen/common/Makefile")], { ...facts, ...found });
  return entry?.outcome;
}

test("writeLedger() takes make files that only add objects, of this configuration or not", () => {
  const added = { addedObjects: ["common/new.o"] };
  assert.deepEqual(makeFileOutcome(added), { kind: "compiled", objects: ["common/new.o"] });
  assert.equal(makeFileOutcome({})?.kind, "not-in-configuration");
});

test("writeLedger() takes make files that generate other headers to the objects of these", () => {
  const generated = { objectsOf: () => ["common/version.o"] };
  assert.deepEqual(makeFileOutcome(generated), { kind: "compiled", objects: ["common/version.o"] });
});

test("writeLedger() takes generators to the objects of what they generate otherwise", () => {
  const outcome = (found: Partial<LedgerFacts>) =>
    writeLedger([patchOf("xen/tools/gen-cpuid.py")], { ...facts, ...found })[0]?.outcome;
  const objects = ["common/version.o"];
  assert.deepEqual(outcome({ objectsOf: () => objects }), { kind: "compiled", objects });
  assert.equal(outcome({ addedObjects: ["common/new.o"] })?.kind, "not-in-configuration");
  assert.equal(outcome({ ruleChanges: changes("generated"), isBuilt: false })?.kind, "refused");
});

const changes = (by: RuleChange["by"]): readonly RuleChange[] => [{ what: "it changes", by }];

test("writeLedger() refuses the files that are the reason, and says that nothing was compiled of others", () => {
  const [make, one, two] = ["xen/common/Makefile", "xen/tools/one.py", "xen/tools/two.py"];
  const outcomes = (by: RuleChange["by"], ...paths: readonly string[]) =>
    writeLedger(
      paths.map((path) => patchOf(path)),
      { ...facts, ruleChanges: changes(by), isBuilt: false },
    ).map(({ outcome }) => outcome.kind);
  assert.deepEqual(outcomes("commands", make, one), ["refused", "not-built"]);
  assert.deepEqual(outcomes("commands", one, two), ["refused", "refused"]);
  assert.deepEqual(outcomes("generated", make, one), ["refused", "refused"]);
  assert.deepEqual(outcomes({ script: one }, make, one, two), [
    "not-built",
    "refused",
    "not-built",
  ]);
});

test("writeLedger() refuses make files that change the build, and says what changes", () => {
  const ruleChanges = ["1", "2", "3", "4", "5", "6", "7"].map((name) => ({
    what: `${name}.o is not made`,
    by: "commands" as const,
  }));
  const found = { ruleChanges, addedObjects: ["common/new.o"], isBuilt: false };
  const outcome = makeFileOutcome(found);
  assert.ok(outcome?.kind === "refused");
  assert.match(
    outcome.reason,
    /changes how the hypervisor is built: 1\.o is not made; .* 5\.o is not made; and 2 more$/,
  );
});

const facts: LedgerFacts = {
  commandIn: () => undefined,
  kindOf: (path) => kindOfFile(path, "x86"),
  objectsOf: (path) => (path === "xen/common/kernel.c" ? ["common/kernel.o"] : []),
  refusalOf: (path) => (path === "xen/arch/x86/boot/reloc.c" ? "it is embedded" : undefined),
  addedObjects: [],
  settingChanges: [],
  ruleChanges: [],
  isReordered: false,
  isBuilt: true,
  movedHunk: () => undefined,
};

const patchOf = (path: string, kind: FilePatch["kind"] = "change"): FilePatch => ({
  patch: "fix.patch",
  oldPath: path,
  newPath: path,
  kind,
  hunks: [{ header: "@@ -1,1 +1,1 @@", content: hunk }],
});
const hunk = { oldStart: 1, oldLines: 1, newStart: 1, newLines: 1, lines: ["-a", "+b"] };

test("writeLedger() refuses what changes settings, and leaves out what changes none", () => {
  const files = [patchOf("xen/common/Kconfig"), patchOf("xen/common/Makefile")];
  const settingChanges = ["CONFIG_NEW is y instead of n"];
  for (const { outcome } of writeLedger(files, { ...facts, settingChanges, isBuilt: false })) {
    assert.ok(outcome.kind === "refused");
    assert.match(outcome.reason, /configuration of all objects: CONFIG_NEW is y instead of n$/);
  }
  const [entry] = writeLedger(files, facts);
  assert.equal(entry?.outcome.kind, "not-in-configuration");
});

test("writeLedger() refuses binary patches of what the build is made by", () => {
  for (const path of [
    "xen/common/Kconfig",
    "xen/tools/gen-cpuid.py",
    "xen/common/Makefile",
    "xen/common/kernel.c",
  ]) {
    const [entry] = writeLedger([patchOf(path, "binary")], facts);
    assert.equal(entry?.outcome.kind, "refused", path);
  }
});

test("writeLedger() has an entry with a reason for every file, and its hunks", () => {
  const paths = [
    "xen/common/kernel.c",
    "xen/common/unused.c",
    "xen/arch/x86/boot/reloc.c",
    "docs/x.md",
  ];
  const ledger = writeLedger(
    paths.map((path) => patchOf(path)),
    facts,
  );
  assert.deepEqual(
    ledger.map(({ file, outcome }) => [file, outcome.kind]),
    [
      ["xen/common/kernel.c", "compiled"],
      ["xen/common/unused.c", "not-in-configuration"],
      ["xen/arch/x86/boot/reloc.c", "refused"],
      ["docs/x.md", "not-hypervisor"],
    ],
  );
  for (const { hunks } of ledger) assert.deepEqual(hunks, ["@@ -1,1 +1,1 @@"]);
});

test("writeLedger() refuses a binary patch of code, and lets a change of the mode alone pass", () => {
  const [binary, mode] = writeLedger(
    [patchOf("xen/common/kernel.c", "binary"), patchOf("xen/common/kernel.c", "mode")],
    facts,
  );
  assert.equal(binary?.outcome.kind, "refused");
  assert.equal(mode?.outcome.kind, "not-in-configuration");
});

test("writeLedger() says that nothing was compiled, not that nothing depends on a file", () => {
  const [entry] = writeLedger([patchOf("xen/common/unused.c")], { ...facts, isBuilt: false });
  assert.deepEqual(entry?.outcome, { kind: "not-built" });
});

test("writeLedger() says how far from its place a hunk was found, and without what", () => {
  for (const [lines, before, after, words] of [
    [498, 0, 0, "found 498 lines below"],
    [-1, 0, 0, "found 1 line above"],
    [0, 1, 0, "without 1 line of context before it"],
    [2, 0, 2, "found 2 lines below, without 2 lines of context after it"],
  ] as const) {
    const patch = patchOf("xen/common/kernel.c");
    const ignored = { before, after };
    const movedHunk = (hunk: Hunk) => ({ patch, hunk, lines, line: 9, alternatives: 0, ignored });
    const [entry] = writeLedger([patch], { ...facts, movedHunk });
    assert.deepEqual(entry?.hunks, [`@@ -1,1 +1,1 @@, ${words}`]);
  }
});
