// `xsplice compile`: from hand-written C to a payload. Each source is compiled twice. The first
// time shows which functions it defines; the second time those that are not static are declared
// weak, which says to the compiler exactly what is true of them: another body may stand there at run
// time. So it calls them instead of inlining them or building on what the present body happens to do.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BuilderError } from "../build-outcome/builder-error.ts";
import { SymbolBinding } from "../elf/constants.ts";
import type { DraftSymbol, ElfDraft } from "../elf/draft.ts";
import { draftFrom } from "../elf/draft-from.ts";
import { openElf } from "../elf/open.ts";
import { type EmittedPayload, emitPayload } from "../payload/emit/emit.ts";
import type { Hook } from "../payload/emit/input.ts";
import { bindSymbols } from "../running/bind-symbols.ts";
import { pointerWarnings } from "../running/landing-marks.ts";
import {
  type FunctionPair,
  isOwnFunction,
  matchFunctions,
  replacementOf,
} from "../running/match-functions.ts";
import { checkFoundation, type Surroundings, surroundingsOf } from "../running/payload-below.ts";
import { decideStacking } from "../stacking/decide.ts";
import { wantsWritableFuncs } from "../xen-abi/features.ts";
import type { HookKind } from "../xen-abi/hooks.ts";
import { type PayloadVersion, type Release, requireReleaseLine } from "../xen-abi/release.ts";
import { type Compiler, compileSource, findCompiler, type Thunks } from "../xen-make/compiler.ts";
import type { CompileOptions } from "./compile-options.ts";
import { checkHooks, guardsOfSource } from "./stacking.ts";
import { takeHooks } from "./take-hooks.ts";

export interface CompiledPayload extends EmittedPayload {
  readonly payloadVersion: PayloadVersion;
  /** As used, given or found; `undefined` when neither. */
  readonly release: Release | undefined;
  readonly replaced: readonly ReplacedFunction[];
  /** In words: what nobody compares when the payload is applied. */
  readonly unchecked: readonly string[];
  readonly hooks: readonly { readonly kind: HookKind; readonly name: string }[];
  /** Of the compiler, and of pointers that not every host stands (landing-marks.ts). */
  readonly warnings: string;
}

export interface ReplacedFunction {
  /** As Xen's table spells it. */
  readonly name: string;
  /** `undefined` when it lies in the payload below. */
  readonly address: bigint | undefined;
  readonly oldSizeBytes: number;
  readonly newSizeBytes: number;
}

/** @throws BuilderError, EmitError, ElfError; the reason of `signal` */
export async function compilePayload(options: CompileOptions): Promise<CompiledPayload> {
  const { xen, sources, signal } = options;
  if (sources.length === 0) {
    throw new BuilderError({
      code: "builder/no-source",
      problem: "Cannot make a payload: no C file was given",
      expected: "at least one",
    });
  }
  checkFoundation(options.foundation, xen);
  const { architecture } = xen;
  const wanted = { architecture, command: options.compiler, thunks: thunksOf(xen), signal };
  const compiler = await findCompiler(wanted);
  const folder = await mkdtemp(join(tmpdir(), `xsplice-compile-${process.pid}-`));
  try {
    const compile = (replaceable: readonly string[]) =>
      compileAll(compiler, options, folder, replaceable);
    const first = analyse(await compile([]), options);
    const replaceable = ownFunctions(first.compiled.map(({ draft }) => draft));
    const final = replaceable.length === 0 ? first : analyse(await compile(replaceable), options);
    return finish(final, options, compiler.warnings);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * A later payload may replace helpers as well, as long as they are not static.
 * @throws BuilderError for a name that C cannot spell, which could not be declared weak
 */
function ownFunctions(drafts: readonly ElfDraft[]): readonly string[] {
  const names = drafts.flatMap(({ symbols }) => {
    return symbols.filter(isOwnFunction).map(({ name }) => name);
  });
  const odd = names.find((name) => !/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name));
  if (odd === undefined) return names;
  throw new BuilderError({
    code: "builder/bad-option",
    problem: `Cannot replace "${odd}" by a function that bears this very name`,
    expected: "a name of C; quoted names (__asm__) are for what the source only refers to",
    remedy: `call it by a plain name, and pair the two by --replace ${odd}=NAME`,
  });
}

interface CompiledSource {
  readonly source: string;
  readonly draft: ElfDraft;
  readonly warnings: string;
}

async function compileAll(
  compiler: Compiler,
  { sources, extraFlags, signal }: CompileOptions,
  folder: string,
  replaceable: readonly string[],
): Promise<readonly CompiledSource[]> {
  const weakHeader = join(folder, "replaceable.h");
  await writeFile(weakHeader, replaceable.map((name) => `#pragma weak ${name}\n`).join(""));
  const compiled: CompiledSource[] = [];
  for (const source of sources) {
    const output = join(folder, `${compiled.length}.o`);
    const request = { source, output, includes: [weakHeader], extraFlags, signal };
    const { bytes, warnings } = await compileSource(compiler, request);
    const draft = draftFrom(openElf(bytes, source));
    strengthen(draft.symbols, new Set(replaceable));
    compiled.push({ source, draft, warnings });
  }
  return compiled;
}

/** Weakness was for the compiler; what merges objects is to refuse two definitions. */
function strengthen(symbols: readonly DraftSymbol[], names: ReadonlySet<string>): void {
  for (const symbol of symbols) {
    const wasWeakened = names.has(symbol.name) && symbol.binding === SymbolBinding.STB_WEAK;
    if (wasWeakened) symbol.binding = SymbolBinding.STB_GLOBAL;
  }
}

/** As the hypervisor was built with them. */
export function thunksOf({ byName }: Pick<Surroundings, "byName">): Thunks {
  return {
    indirectCalls: byName.has("__x86_indirect_thunk_rax"),
    returns: byName.has("__x86_return_thunk"),
  };
}

interface Analysis {
  readonly compiled: readonly CompiledSource[];
  readonly hooks: readonly Hook[];
  readonly pairs: readonly FunctionPair[];
}

function analyse(compiled: readonly CompiledSource[], options: CompileOptions): Analysis {
  const { replace } = options;
  const xen = surroundingsOf(options.xen, options.foundation);
  const drafts = compiled.map(({ draft }) => draft);
  const hooks = compiled.flatMap(({ draft, source }) => takeHooks(draft, source));
  const pairs = matchFunctions(drafts, replace, new Set(hooks.map(({ code }) => code)), xen);
  if (pairs.length === 0 && hooks.length === 0) throw nothingToDo(xen);
  bindSymbols(drafts, xen);
  return { compiled, hooks, pairs };
}

function nothingToDo({ source }: Surroundings): BuilderError {
  return new BuilderError({
    code: "builder/nothing-to-do",
    problem: "Cannot make a payload: it would replace no function and have no hook",
    where: source,
    expected: "a function that is not static, under the name of one of Xen's",
    remedy: "check the spelling, pair names by --replace OLD=NEW, or define a hook",
  });
}

function finish(
  { compiled, hooks, pairs }: Analysis,
  options: CompileOptions,
  warnOfCompiler: string,
): CompiledPayload {
  const { xen } = options;
  const release = options.release ?? xen.release;
  const payloadVersion = release === undefined ? 2 : requireReleaseLine(release).payloadVersion;
  checkHooks(hooks, { mode: options.mode, release });
  // Without a release the table is writable: that works everywhere, a read-only one does not.
  const writable = release === undefined || wantsWritableFuncs(release);
  const drafts = compiled.map(({ draft }) => draft);
  const surroundings = surroundingsOf(xen, options.foundation);
  const warnOfPointers = pointerWarnings(drafts, pairs, surroundings);
  const decided = decideStacking(options, { xen, release, payloadVersion });
  const emitted = emitPayload({
    architecture: xen.architecture,
    payloadVersion,
    objects: compiled,
    replacements: pairs.map(replacementOf),
    ...guardsOfSource(pairs, drafts, { options, release, level: decided.stacking.guard }),
    hooks,
    ...decided,
    xenDepends: xen.buildId,
    metadata: options.metadata,
    funcsAccess: writable ? "writable" : "read-only",
  });
  return {
    ...emitted,
    unchecked: decided.unchecked,
    payloadVersion,
    release,
    replaced: pairs.map(({ newBody, xenFunction }) => ({
      name: xenFunction.name,
      address: xenFunction.address,
      oldSizeBytes: xenFunction.sizeBytes,
      newSizeBytes: Number(newBody.size),
    })),
    hooks: hooks.map(({ kind, code }) => ({ kind, name: code.name })),
    warnings: [
      ...[warnOfCompiler, ...compiled.map(({ warnings }) => warnings)],
      ...warnOfPointers,
    ].join(""),
  };
}
