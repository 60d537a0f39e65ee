// Hypervisors of a few lines of C for the run-pre check: compiled as Xen is, linked at Xen's
// address. Not a test.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SplitObject } from "../diff/atom.ts";
import type { SectionPolicy } from "../diff/policy.ts";
import { splitObject } from "../diff/split/split-object.ts";
import { openElf } from "../elf/open.ts";
import { readXenSyms, type XenSyms } from "./xen-syms.ts";

const policy: SectionPolicy = {
  sections: [
    { name: /^\.text/, role: "code" },
    { name: /^\.rodata|^\.data\.rel\.ro/, role: "read-only" },
    { name: /^\.(data|bss)/, role: "writable" },
    { name: /^\.(debug|note|comment|eh_frame)/, role: "debug" },
  ],
  unsafeFunctions: [],
  jumpSize: 5,
};

const compileFlags = [
  "-ffreestanding",
  "-fno-pie",
  "-mcmodel=kernel",
  "-fno-asynchronous-unwind-tables",
  "-fno-stack-protector",
  "-ffunction-sections",
];

/** C texts by file name. */
export type Sources = Readonly<Record<string, string>>;

/** Compiled without linking; `flags` come last. */
export function preOf(sources: Sources, name: string, flags: readonly string[] = []): SplitObject {
  return inFolder((folder) => {
    const object = compile(folder, name, sources[name] ?? "", flags);
    return splitObject(openElf(new Uint8Array(readFileSync(object)), name), policy);
  });
}

/** All of it as a hypervisor that runs. */
export function xenOf(sources: Sources, flags: readonly string[] = []): XenSyms {
  return inFolder((folder) => {
    const objects = Object.entries(sources).map(([name, text]) =>
      compile(folder, name, text, flags),
    );
    const output = join(folder, "xen-syms");
    const layout = ["-static", "-nostdlib", "-no-pie", "-Wl,--build-id=sha1", "-Wl,-e,0"];
    const address = "-Wl,-Ttext-segment=0xffffffff80200000";
    execFileSync("gcc", [...layout, address, ...objects, "-o", output], { stdio: "pipe" });
    return readXenSyms(new Uint8Array(readFileSync(output)), "xen-syms");
  });
}

function compile(folder: string, name: string, text: string, flags: readonly string[]): string {
  const source = join(folder, name);
  writeFileSync(source, text);
  const args = ["-O2", ...compileFlags, ...flags, "-c", name, "-o", `${name}.o`];
  execFileSync("gcc", args, { cwd: folder, stdio: "pipe" });
  return `${source}.o`;
}

function inFolder<Result>(work: (folder: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-run-pre-"));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
