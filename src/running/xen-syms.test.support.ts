// A small xen-syms for tests of the builder: an executable with the parts of one that builders look
// at, made by this machine's gcc. Not a test, and no hypervisor.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Files as Xen's build names them, in assembly. */
const files: Readonly<Record<string, string>> = {
  "common/version.c": `
    ${global("xen_major_version", "mov $4, %eax\nret")}
    ${global("xen_minor_version", "mov $17, %eax\nret")}
    ${global("xen_extra_version", "lea extra(%rip), %rax\n.fill 5, 1, 0x90")}
    ${global("__x86_return_thunk", "ret")}
    ${global("__x86_indirect_thunk_rax", "jmp *%rax")}
    .section .rodata
    .globl __alt_instructions, __alt_instructions_end
    __alt_instructions:
    __alt_instructions_end:
    extra: .asciz ".5-test"
    .zero 16
  `,
  "common/domain.c": `
    ${local("get_name", ".fill 20, 1, 0x90")}
    ${local("dump", ".fill 20, 1, 0x90")}
    ${global("printk", ".fill 20, 1, 0x90")}
    ${global("tiny", "ret")}
    ${global("marked", "endbr64\n.fill 4, 1, 0x90")}
    ${global("roomy", "endbr64\n.fill 5, 1, 0x90")}
    ${global("leaf", "lea 1(%rdi), %rdx\nmov %rdx, %rax\njmp __x86_return_thunk")}
    ${global("relying", "mov %rsi, %r9\ncall leaf\nmov %rax, (%r9)\njmp __x86_return_thunk")}
    ${global("long_leaf", "mov 8(%rsp), %rdx\nlea 1(%rdx), %rax\njmp __x86_return_thunk")}
    ${global("relying_too", "call long_leaf\nlea (%rax,%rdi), %rax\njmp __x86_return_thunk")}
    .bss
    .globl domain_list
    .type domain_list, @object
    .size domain_list, 8
    domain_list: .zero 8
    .local hidden_state
    .comm hidden_state, 8
  `,
  "common/keyhandler.c": `
    ${local("dump", ".fill 20, 1, 0x90")}
    .section .init.text, "ax"
    .globl __init_begin
    __init_begin:
    ${global("start_xen", ".fill 20, 1, 0x90", ".init.text")}
    .globl __init_end
    __init_end:
  `,
};

/** The file's bytes. Needs gcc for x86-64. */
export function makeXenSyms(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-xen-syms-"));
  try {
    const sources = Object.entries(files).map(([name, text], index) => {
      const path = join(folder, `${index}.s`);
      writeFileSync(path, `.file "${name}"\n${text}\n`);
      return path;
    });
    const output = join(folder, "xen-syms");
    const layout = ["-static", "-nostdlib", "-no-pie", "-Wl,--build-id=sha1", "-Wl,-z,noexecstack"];
    const entry = ["-Wl,-Ttext-segment=0xffff82d040200000", "-Wl,-e,start_xen"];
    execFileSync("gcc", [...layout, ...entry, ...sources, "-o", output], { stdio: "pipe" });
    return new Uint8Array(readFileSync(output));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function global(name: string, body: string, section = ".text"): string {
  return `.globl ${name}\n${local(name, body, section)}`;
}

function local(name: string, body: string, section = ".text"): string {
  const flags = section === ".text" ? "" : ', "ax"';
  return [
    `.section ${section}${flags}`,
    `.type ${name}, @function`,
    `${name}: ${body}`,
    `.size ${name}, . - ${name}`,
  ].join("\n");
}
