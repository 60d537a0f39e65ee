// Hooks that the author adds to a fix, in C files without Xen's headers: compiled as by `xsplice compile`.
// They may call functions of the fix.

import { join } from "node:path";
import { BuilderError } from "../../build-outcome/builder-error.ts";
import { thunksOf } from "../../compile/compile.ts";
import { takeHooks } from "../../compile/take-hooks.ts";
import { draftFrom } from "../../elf/draft-from.ts";
import { openElf } from "../../elf/open.ts";
import { makeTemporaryFolder } from "../../files/temporary-folder.ts";
import type { Hook, SourceObject } from "../../payload/emit/input.ts";
import { bindSymbols } from "../../running/bind-symbols.ts";
import type { LinkSymbol, Surroundings } from "../../running/payload-below.ts";
import { type CompiledObject, compileSource, findCompiler } from "../../xen-make/compiler.ts";
import { distinctTexts, type ReadText } from "../../xen-make/compilers/read-texts.ts";
import type { RunOptions } from "../../xen-make/make-run.ts";

export interface CompiledHooks {
  readonly objects: readonly SourceObject[];
  readonly hooks: readonly Hook[];
  /** Of the compiler, and about unknown names. */
  readonly warnings: string;
  /** What they were compiled from. */
  readonly texts: readonly ReadText[];
}

/** @throws BuilderError; the reason of `signal` */
export async function compileHooks(
  sources: readonly string[],
  surroundings: Surroundings,
  { compiler: command, signal }: Pick<RunOptions, "compiler" | "signal">,
): Promise<CompiledHooks> {
  if (sources.length === 0) return { objects: [], hooks: [], warnings: "", texts: [] };
  const { architecture } = surroundings;
  const thunks = thunksOf(surroundings);
  const compiler = await findCompiler({ architecture, command, thunks, signal });
  using folder = makeTemporaryFolder("hooks");
  const objects: SourceObject[] = [];
  const hooks: Hook[] = [];
  const said = [compiler.warnings];
  const compiled: Pick<CompiledObject, "texts">[] = [];
  for (const source of sources) {
    const output = join(folder.path, `${objects.length}.o`);
    const request = { source, output, includes: [], extraFlags: [], signal };
    const { bytes, warnings, texts } = await compileSource(compiler, request);
    said.push(warnings);
    compiled.push({ texts });
    const draft = draftFrom(openElf(bytes, source));
    const own = takeHooks(draft, source);
    if (own.length === 0) throw noHooks(source);
    objects.push({ source, draft });
    hooks.push(...own);
  }
  return { objects, hooks, warnings: said.join(""), texts: distinctTexts(compiled) };
}

/** Names the symbols that the hooks refer to; `brought` are functions and variables of the fix. */
export function bindHooks(
  { objects }: CompiledHooks,
  surroundings: Surroundings,
  brought: readonly string[],
): void {
  const byName = new Map(surroundings.byName);
  for (const name of brought) byName.set(name, broughtSymbol(name));
  bindSymbols(
    objects.map(({ draft }) => draft),
    { ...surroundings, byName },
  );
}

function broughtSymbol(name: string): LinkSymbol {
  return {
    name,
    bareName: name,
    address: undefined,
    sizeBytes: 0,
    kind: "function",
    isInit: false,
  };
}

export function noHooks(source: string): BuilderError {
  return new BuilderError({
    code: "builder/bad-option",
    problem: `Cannot take hooks from "${source}": it declares none`,
    expected: "at least one XSPLICE_HOOK_… macro of share/include/xsplice.h, or one of Xen's own",
  });
}
