import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRelease } from "./release.ts";
import { findUnsafe, pathsOf, unsafeFunctions } from "./unpatchable.ts";

const v417 = parseRelease("4.17.5");

function reasonFor(name: string, file = "any.c", release = v417): string | undefined {
  return unsafeFunctions("x86_64", release).find(
    (path) => path.name.test(name) && (path.file?.test(file) ?? true),
  )?.reason;
}

const refused: readonly (readonly [name: string, reason: RegExp, file?: string])[] = [
  ["do_nmi", /non-maskable/],
  ["do_machine_check", /machine checks/],
  ["handle_exception", /entry code/],
  ["apply_payload", /live patching itself/, "common/livepatch.c"],
  ["arch_livepatch_apply", /live patching itself/, "arch/x86/livepatch.c"],
  ["tasklet_enqueue.constprop.0", /live patching itself/],
  ["memcpy", /live patching itself/],
];

for (const [name, reason, file] of refused) {
  test(`unsafeFunctions() has ${name} and says why`, () => {
    assert.match(reasonFor(name, file) ?? "", reason);
  });
}

test("unsafeFunctions() has global functions without their file, which xen-syms does not tell", () => {
  const noFile = "";
  for (const name of ["arch_livepatch_apply", "livepatch_op", "revert_payload_tail"]) {
    assert.match(reasonFor(name, noFile) ?? "", /live patching itself/, name);
  }
  for (const name of ["ret_from_intr", "entry_GP", "__x86_indirect_thunk_r15"]) {
    assert.match(reasonFor(name, noFile) ?? "", /entry code/, name);
  }
});

test("unsafeFunctions() has every label of an entry file, and nothing of its namesakes", () => {
  assert.match(reasonFor("process_mce", "x86_64/entry.S") ?? "", /entry code/);
  assert.equal(reasonFor("process_mce", "arch/x86/other_entry.c"), undefined);
});

test("unsafeFunctions() leaves functions alone whose names only begin alike", () => {
  assert.equal(reasonFor("memcpy_from_guest", "common/x.c"), undefined);
  assert.equal(reasonFor("do_nmi_op", "arch/x86/nmi.c"), undefined);
});

test("unsafeFunctions() has what leads to a context switch on Arm, where every vCPU has a stack", () => {
  const arm = unsafeFunctions("aarch64", v417);
  for (const name of ["idle_loop", "context_switch", "do_softirq"]) {
    assert.equal(reasonFor(name), undefined, name);
    assert.equal(findUnsafe(arm, name)?.stay, "stays", name);
  }
  assert.equal(findUnsafe(arm, "memcpy")?.stay, "leaves");
});

test("findUnsafe() takes the names of Xen's table", () => {
  const all = unsafeFunctions("x86_64", v417);
  assert.match(findUnsafe(all, "arch/x86/livepatch.c#helper")?.reason ?? "", /live patching/);
  assert.equal(findUnsafe(all, "common/other.c#helper"), undefined);
});

test("unsafeFunctions() goes by what the release does", () => {
  assert.match(reasonFor("map_domain_page", "arch/x86/domain_page.c") ?? "", /writable/);
  const older = parseRelease("4.15.1");
  assert.equal(reasonFor("map_domain_page", "arch/x86/domain_page.c", older), undefined);
});

test("pathsOf() names a function once in each architecture", () => {
  for (const architecture of ["x86_64", "aarch64"] as const) {
    const names = pathsOf(architecture).flatMap((path) => path.names);
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    );
  }
});
