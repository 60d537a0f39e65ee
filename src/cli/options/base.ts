// One word in place of paths: --base, for all commands that need a hypervisor's files.

import type { Base, BaseNeed } from "../../bases/base.ts";
import type { OptionSpec } from "../option-spec.ts";
import { readXenSymsFile } from "../read-xen-syms-file.ts";
import type { CommandCall } from "../spec.ts";
import { progressLine } from "../text/progress.ts";

const instead = (option: string) => ({ option, because: "a base has them all, of one build" });
/** Which some bases lack. */
const BESIDE = "source";

/** @param others the options whose place it takes in this command */
export function baseOption(others: readonly string[]): OptionSpec {
  return {
    name: "base",
    value: "BASE",
    description: `in place of ${others.map((name) => `--${name}`).join(", ")}: debian:VERSION, debian:12 for its newest, debian-arm64:VERSION for one that is built here, installed for this machine, ssh:USER@HOST for what runs there, or a directory`,
    excludes: others.filter((name) => name !== BESIDE).map(instead),
    completes: ["debian:11", "debian:12", "debian:13", "debian-arm64:12", "installed", "ssh:"],
  };
}

/** Undefined without the option. @throws what openBase() throws */
export async function readBase(call: CommandCall, need: BaseNeed): Promise<Base | undefined> {
  const word = call.options.text("base");
  return word === undefined ? undefined : await readBaseNamed(word, call, need);
}

/** @throws what openBase() throws */
export async function readBaseNamed(
  word: string,
  call: CommandCall,
  need: BaseNeed,
): Promise<Base> {
  const { openBase } = await import("../../bases/open-base.ts");
  const { io, globals } = call;
  const progress = progressLine(io);
  const base = await openBase(word, {
    need,
    source: need === "build" ? call.options.text(BESIDE) : undefined,
    compiler: need === "build" ? call.options.text("cc") : undefined,
    environment: io.env,
    onProgress: progress.onProgress,
    signal: io.signal,
  });
  progress.end();
  if (globals.output === "text") {
    io.stderr.write(`base: ${base.title}, build-id ${base.buildId}\n`);
  }
  return base;
}

/** The path of the symbols, of --base or --xen-syms; undefined without either. */
export async function readSymbolsPath(call: CommandCall): Promise<string | undefined> {
  const base = await readBase(call, "symbols");
  return base?.xenSyms ?? call.options.text("xen-syms");
}

export interface XenSymsInput {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** The PATH with the compiler of the base, where it is another one than the machine's. */
  readonly compilerPath?: string | undefined;
}

/** Where one of both is required. @throws InputFileError; what openBase() throws */
export async function readXenSymsInput(call: CommandCall): Promise<XenSymsInput> {
  const base = await readBase(call, "symbols");
  const path = base?.xenSyms ?? call.options.requiredText("xen-syms");
  const bytes = await readXenSymsFile(path, call.io.signal);
  return { path, bytes, compilerPath: base?.path };
}
