import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openElf } from "../elf/open.ts";
import { onlyAtBringUp } from "./bring-up.ts";
import { readXenSyms } from "./xen-syms.ts";

/** Functions by name, and what each does, one instruction a word of the list. */
type Code = Readonly<Record<string, readonly string[]>>;

const hypervisor: Code = {
  start_secondary: ["call cpu_init", "call both", "call identify_cpu", "jmp shared_tail"],
  identify_cpu: ["call *actual_cpu(%rip)", "call detect"],
  init_vendor: ["call set_lfence", "call circle"],
  set_lfence: ["ret"],
  circle: ["call circle_back", "ret"],
  circle_back: ["jmp circle"],
  cpu_init: ["ret"],
  detect: ["ret"],
  both: ["ret"],
  shared_tail: ["ret"],
  held: ["ret"],
  taken: ["ret"],
  boot_only: ["ret"],
  resumed: ["ret"],
  enter_state_action: ["call resumed", "call detect"],
  near: ["ret"],
  run_time: ["call both", "jne shared_tail", "lea taken(%rip), %rax", "jmp near"],
  unrelated: ["ret"],
};

function link(code: Code): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-bring-up-"));
  const size = (name: string, type: string) =>
    `.type ${name}, @${type}\n.size ${name}, . - ${name}`;
  const functions = Object.entries(code).map(([name, lines]) =>
    [`.globl ${name}`, `${name}:`, ...lines, "ret", size(name, "function")].join("\n"),
  );
  const text = `.text
    ${functions.join("\n")}
    .section .init.text, "ax"
    .globl __init_begin, __init_end
    __init_begin:
    early: call init_vendor
    call boot_only
    ${size("early", "function")}
    .section .init.rodata, "a"
    .balign 8
    vendor_cpu_dev: .quad 0, init_vendor
    ${size("vendor_cpu_dev", "object")}
    __init_end:
    .data
    .balign 8
    actual_cpu: .quad 0
    ${size("actual_cpu", "object")}
    table: .quad held
    ${size("table", "object")}`;
  try {
    writeFileSync(join(folder, "a.s"), `${text}\n`);
    const args = ["-static", "-nostdlib", "-no-pie", "-Wl,--build-id=sha1", "-Wl,-e,cpu_init"];
    const place = "-Wl,-Ttext-segment=0xffffffff80200000,-z,noexecstack";
    execFileSync("gcc", [...args, place, "a.s", "-o", "xen-syms"], { cwd: folder, stdio: "pipe" });
    return new Uint8Array(readFileSync(join(folder, "xen-syms")));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function only(code: Code): readonly string[] {
  const bytes = link(code);
  const xen = readXenSyms(bytes, "xen-syms");
  return onlyAtBringUp(Object.keys(code), xen, openElf(bytes, "xen-syms"));
}

test("onlyAtBringUp() finds what only the way of a new CPU reaches, by calls and by the vendor's table", () => {
  assert.deepEqual(only(hypervisor), [
    "start_secondary",
    "identify_cpu",
    "init_vendor",
    "set_lfence",
    "circle",
    "circle_back",
    "cpu_init",
    "detect",
  ]);
});

test("onlyAtBringUp() says nothing of what running code calls too, however far down", () => {
  const found = only({ ...hypervisor, unrelated: ["call circle_back"] });
  assert.ok(!found.includes("circle") && !found.includes("circle_back"));
  assert.ok(found.includes("init_vendor"));
  const { circle, circle_back, ...others } = hypervisor;
  const inOrder = { circle_back: circle_back ?? [], circle: circle ?? [], ...others };
  assert.ok(!only({ ...inOrder, unrelated: ["call circle_back"] }).includes("circle"));
});

test("onlyAtBringUp() says nothing of a hypervisor whose way it does not know", () => {
  const { identify_cpu: _, ...others } = hypervisor;
  assert.deepEqual(only({ ...others, start_secondary: ["call cpu_init"] }), []);
});
