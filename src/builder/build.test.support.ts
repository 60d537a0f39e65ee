// A hypervisor to build fixes for: the small Xen of small-xen.test.support.ts, compiled and linked as
// its own make files compile it; patches of its files. Not a test.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createTwoFilesPatch } from "diff";
import { onHypervisor } from "../running/payload-below.ts";
import type { PatchInput } from "../source-patch/patch-file.ts";
import { makeSmallXen, smallXen } from "../xen-make/small-xen.test.support.ts";
import type { BuildOptions, BuildStacking } from "./build-options.ts";

/** What the small Xen lacks to be one that runs, as 4.`minor`. */
function entry(minor: number): string {
  return `
    .globl __init_begin, __alt_instructions, __alt_instructions_end, _start
    .globl xen_major_version, xen_minor_version, xen_extra_version
    .section .init.text, "ax"
    __init_begin: .fill 16, 1, 0x90
    .globl __alt_instructions, __alt_instructions_end
    .section .rodata
    __alt_instructions:
    __alt_instructions_end:
    __alt_instructions:
    __alt_instructions_end:
    extra: .asciz ".5"
    .fill 16, 1, 0
    .text
    _start: ret
    xen_major_version: mov $4, %eax
    ret
    xen_minor_version: mov $${minor}, %eax
    ret
    xen_extra_version: lea extra(%rip), %rax
    ret
    .fill 8, 1, 0x90
  `;
}

/** Linked last, behind what the sources have in the section. */
const end = '.globl __init_end\n.section .init.text, "ax"\n__init_end:\n';

/** Linked from the sources, with those of `changes` in their place. */
export function linkHypervisor(
  changes: Readonly<Record<string, string>> = {},
  minor = 17,
): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-hypervisor-"));
  try {
    const run = (...args: readonly string[]) =>
      execFileSync("gcc", args, { cwd: folder, stdio: "pipe" });
    const files = { ...smallXen, ...changes, "xen/include/generated.h": "#define GENERATED 1\n" };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    writeFileSync(join(folder, "entry.s"), entry(minor));
    writeFileSync(join(folder, "end.s"), end);
    const sections = ["-ffunction-sections", "-fdata-sections", "-g"];
    const names = ["kernel", "user", "start"];
    for (const name of names) {
      const flags = ["-nostdinc", "-Ixen/include", ...sections];
      run(...flags, "-c", `xen/common/${name}.c`, "-o", `${name}.o`);
    }
    const link = ["-static", "-nostdlib", "-no-pie", "-Wl,--build-id=sha1", "-Wl,-z,noexecstack"];
    const address = "-Wl,-Ttext-segment=0xffffffff80200000";
    const inputs = ["entry.s", ...names.map((name) => `${name}.o`), "end.s"];
    run(...link, address, ...inputs, "-o", "xen-syms");
    return new Uint8Array(readFileSync(join(folder, "xen-syms")));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const kernelFile = "xen/common/kernel.c";
/** Of the small Xen; its function `kernel` returns `wide() + GENERATED`. */
export const kernel = smallXen[kernelFile] ?? "";
/** A fix of it, which changes `user` as well, since that file includes this one. */
export const fixedKernel = { [kernelFile]: kernel.replace("wide()", "wide() + 40") };

export interface SmallBuild {
  /** Of the source, to be changed before the first build. */
  readonly source: string;
  /** As `xsplice build` hands them on; texts by path as in the small Xen. */
  options(changes: Readonly<Record<string, string>>, more?: SomeOptions): BuildOptions;
}

/** Of each group, what differs from the plainest build. */
export type SomeOptions = {
  readonly [Group in keyof BuildOptions]?: Partial<BuildOptions[Group]>;
};

export function makeSmallBuild(
  t: { after(work: () => void): void },
  xenSyms: Uint8Array,
): SmallBuild {
  const small = makeSmallXen(t);
  return {
    source: small.source,
    options: (changes, more = {}) => {
      const { inputs, run } = small.request(changes);
      return {
        inputs: {
          ...inputs,
          xenSyms: { name: "xen-syms", bytes: xenSyms },
          hooks: [],
          ...more.inputs,
        },
        stacking: { ...alone, ...more.stacking },
        allowed: { init: [], unsafe: [], layouts: [], freshData: [], ...more.allowed },
        label: {
          title: undefined,
          metadata: [],
          toolVersion: "1.2.3",
          patches: "texts",
          ...more.label,
        },
        run: { ...run, onProgress: () => {}, ...more.run },
      };
    },
  };
}

/** A hypervisor with texts of its own in the place of the small Xen's, and the source of it. */
export function makeBuildOf(
  t: { after(work: () => void): void },
  sources: Readonly<Record<string, string>>,
): SmallBuild {
  const build = makeSmallBuild(t, linkHypervisor(sources));
  for (const [path, text] of Object.entries(sources)) {
    mkdirSync(dirname(join(build.source, path)), { recursive: true });
    writeFileSync(join(build.source, path), text);
  }
  return build;
}

/** From one text of a file to another. */
export function patchFrom(path: string, old: string, text: string, name = "fix.patch"): PatchInput {
  return { name, bytes: Buffer.from(createTwoFilesPatch(`a/${path}`, `b/${path}`, old, text)) };
}

const alone: BuildStacking = {
  foundation: onHypervisor,
  basePatches: [],
  mode: "stack",
  guard: undefined,
  previous: undefined,
};
