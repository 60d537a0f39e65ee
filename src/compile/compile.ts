// `xsplice compile`: from hand-written C to a payload. Each source is compiled twice. The first
// time shows which functions it defines; the second time those that are not static are declared
// weak, which says to the compiler exactly what is true of them: another body may stand there at run
// time. So it calls them instead of inlining them or building on what the present body happens to do.

import { BuilderError } from "../build-outcome/builder-error.ts";
import type { ElfDraft } from "../elf/draft.ts";
import { makeTemporaryFolder } from "../files/temporary-folder.ts";
import type { GuardPlan } from "../guard/plan.ts";
import { type EmittedPayload, emitPayload } from "../payload/emit/emit.ts";
import type { Hook, Keeping } from "../payload/emit/input.ts";
import type { PayloadSources } from "../payload/made-from/sources.ts";
import { bindSymbols } from "../running/bind-symbols.ts";
import { pointerWarnings } from "../running/landing-marks.ts";
import {
  type FunctionPair,
  isOwnFunction,
  matchFunctions,
  replacementOf,
} from "../running/match-functions.ts";
import { checkFoundation, type Surroundings, surroundingsOf } from "../running/payload-below.ts";
import { ownPointerWarnings } from "../running/pointer-warnings.ts";
import { type FoundStanding, standingCodeOf } from "../running/standing-code.ts";
import { type DecidedStacking, decideStacking, type StackingWish } from "../stacking/decide.ts";
import { wantsWritableFuncs } from "../xen-abi/features.ts";
import type { HookKind } from "../xen-abi/hooks.ts";
import { type PayloadVersion, type Release, requireReleaseLine } from "../xen-abi/release.ts";
import { findCompiler } from "../xen-make/compiler.ts";
import type { Thunks } from "../xen-make/compiler-flags.ts";
import { distinctTexts } from "../xen-make/compilers/read-texts.ts";
import { keepForReplaced } from "./callers.ts";
import type { CompileInputs, CompileOptions, CompileTarget } from "./compile-options.ts";
import { type CompiledSource, compileAll } from "./compile-sources.ts";
import { checkHooks, guardsOfSource } from "./stacking.ts";
import { takeHooks } from "./take-hooks.ts";

export interface CompiledPayload extends EmittedPayload {
  readonly payloadVersion: PayloadVersion;
  /** As used, given or found; `undefined` when neither. */
  readonly release: Release | undefined;
  readonly replaced: readonly ReplacedFunction[];
  /** As text: what is not compared when the payload is applied. */
  readonly unchecked: readonly string[];
  readonly hooks: readonly { readonly kind: HookKind; readonly name: string }[];
  /** From the compiler, and about pointers that are unsafe on some hosts (landing-marks.ts). */
  readonly warnings: string;
}

export interface ReplacedFunction {
  /** As spelt in Xen's table. */
  readonly name: string;
  /** `undefined` when it is in the payload below. */
  readonly address: bigint | undefined;
  readonly oldSizeBytes: number;
  readonly newSizeBytes: number;
}

/** @throws BuilderError, EmitError, ElfError; the reason of `signal` */
export async function compilePayload(options: CompileOptions): Promise<CompiledPayload> {
  const { inputs, target, stacking, compiler: wish, metadata, signal } = options;
  requireSource(inputs);
  checkFoundation(stacking.foundation, target.xen);
  const surroundings = surroundingsOf(target.xen, stacking.foundation);
  const { architecture } = surroundings;
  const { command, path, extraFlags } = wish;
  const thunks = thunksOf(surroundings);
  const compiler = await findCompiler({ architecture, command, path, thunks, signal });
  using folder = makeTemporaryFolder("compile");
  const compile = async (replaceable: readonly string[]): Promise<Analysis> => {
    const run = { folder: folder.path, extraFlags, signal };
    const compiled = await compileAll(inputs.sources, replaceable, compiler, run);
    return analyse(compiled, inputs, surroundings);
  };
  const first = await compile([]);
  // From here it is known which functions the sources define, and which of them Xen has.
  const replaceable = ownFunctions(first.compiled.map(({ draft }) => draft));
  const final = replaceable.length === 0 ? first : await compile(replaceable);
  // From here every symbol is bound, and no code depends on a body that may be replaced.
  const below = { xen: target.xen, payloads: stacking.foundation.payloads };
  const keeping = keepForReplaced(final.pairs, final.compiled, below);
  // From here no caller of a replaced function loses registers that it relied on.
  const placed = placePayload(final, target, stacking);
  // Before emitting, because the emitter redirects references.
  const before = [compiler.warnings, ...warningsOf(final, surroundings)];
  const standing = standingOf(final, placed, target);
  const sources = { compiler: compiler.version, files: distinctTexts(final.compiled) };
  const emitted = emitCompiled({ ...final, keeping, standing, sources }, target, placed, metadata);
  const pointers = ownPointerWarnings(emitted.pointers, surroundings);
  const warnings = [...before, ...pointers, ...standing.warnings].join("");
  return { ...emitted, ...describe(final, placed), warnings };
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
    problem: `Cannot replace "${odd}" by a function of the same name`,
    expected: "a name of C; quoted names (__asm__) are for what the source only refers to",
    remedy: `call it by a plain name, and pair the two by --replace ${odd}=NAME`,
  });
}

/** @throws BuilderError builder/no-source */
function requireSource({ sources }: CompileInputs): void {
  if (sources.length > 0) return;
  throw new BuilderError({
    code: "builder/no-source",
    problem: "Cannot make a payload: no C file was given",
    expected: "at least one",
  });
}

/** With the options that the hypervisor was built with. */
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

function analyse(
  compiled: readonly CompiledSource[],
  { replace }: CompileInputs,
  surroundings: Surroundings,
): Analysis {
  const drafts = compiled.map(({ draft }) => draft);
  const hooks = compiled.flatMap(({ draft, source }) => takeHooks(draft, source));
  const codes = new Set(hooks.map(({ code }) => code));
  const pairs = matchFunctions(drafts, replace, codes, surroundings);
  if (pairs.length === 0 && hooks.length === 0) throw nothingToDo(surroundings);
  bindSymbols(drafts, surroundings);
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

function warningsOf({ compiled, pairs }: Analysis, surroundings: Surroundings): readonly string[] {
  const drafts = compiled.map(({ draft }) => draft);
  return [
    ...compiled.map(({ warnings }) => warnings),
    ...pointerWarnings(drafts, pairs, surroundings),
  ];
}

/** The payload's release, the payloads below, and how it is combined with others. */
interface Placed extends DecidedStacking {
  readonly release: Release | undefined;
  readonly payloadVersion: PayloadVersion;
  readonly guards: GuardPlan["guards"];
}

/** @throws BuilderError for hooks and options that contradict the release */
function placePayload(
  { compiled, hooks, pairs }: Analysis,
  { xen, release: given }: CompileTarget,
  wish: StackingWish,
): Placed {
  const release = given ?? xen.release;
  const payloadVersion = release === undefined ? 2 : requireReleaseLine(release).payloadVersion;
  checkHooks(hooks, { mode: wish.mode, release });
  const decided = decideStacking(wish, { xen, release, payloadVersion });
  const drafts = compiled.map(({ draft }) => draft);
  const { payloads } = wish.foundation;
  const level = decided.stacking.guard;
  const { guards } = guardsOfSource(pairs, drafts, { xen, release, level, payloads });
  return { ...decided, release, payloadVersion, guards };
}

function standingOf(
  { compiled, pairs }: Analysis,
  { release }: Placed,
  { xen }: CompileTarget,
): FoundStanding {
  const replaced = pairs.map(replacementOf);
  const drafts = compiled.map(({ draft }) => draft);
  return standingCodeOf({ replaced, drafts }, { xen, release });
}

interface Kept extends Analysis {
  readonly keeping: Keeping | undefined;
  readonly standing: FoundStanding;
  readonly sources: PayloadSources;
}

function emitCompiled(
  { compiled, hooks, pairs, keeping, standing, sources }: Kept,
  { xen }: CompileTarget,
  { stacking, depends, release, payloadVersion, guards }: Placed,
  metadata: CompileOptions["metadata"],
): EmittedPayload {
  // Without a release the table is writable: that works everywhere, a read-only one does not.
  const writable = release === undefined || wantsWritableFuncs(release);
  return emitPayload({
    architecture: xen.architecture,
    payloadVersion,
    objects: compiled,
    replacements: pairs.map(replacementOf),
    guards,
    keeping,
    // Nobody was asked for consent.
    standing: { ...standing.code, unsafe: [] },
    hooks,
    stacking,
    depends,
    xenDepends: xen.buildId,
    metadata,
    sources,
    funcsAccess: writable ? "writable" : "read-only",
  });
}

function describe(
  { hooks, pairs }: Analysis,
  { unchecked, payloadVersion, release }: Placed,
): Omit<CompiledPayload, keyof EmittedPayload | "warnings"> {
  return {
    unchecked,
    payloadVersion,
    release,
    replaced: pairs.map(({ newBody, xenFunction }) => ({
      name: xenFunction.name,
      address: xenFunction.address,
      oldSizeBytes: xenFunction.sizeBytes,
      newSizeBytes: Number(newBody.size),
    })),
    hooks: hooks.map(({ kind, code }) => ({ kind, name: code.name })),
  };
}
