import { existsSync } from "node:fs";
import type { BuildOptions } from "../../builder/build-options.ts";
import type { BuiltFix } from "../../builder/built-fix.ts";
import { sha256 } from "../../bytes/sha256.ts";
import { makeTemporaryFolder } from "../../files/temporary-folder.ts";
import { type ComparedInput, compareInputs } from "../../rebuild/compare-inputs.ts";
import { firstDifference } from "../../rebuild/first-difference.ts";
import { type Recipe, recipeOf } from "../../rebuild/recipe.ts";
import type { Rebuilt } from "../../rebuild/result.ts";
import { PAYLOAD_SIZE_MAX } from "../../xen-abi/limits.ts";
import { madeHereFolder } from "../depot/state-folder.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { buildOptionSpecs } from "../options/build.ts";
import { compilerSpecs, sourceSpecs } from "../options/build-source.ts";
import { readInputFile } from "../read-input-file.ts";
import type { CommandCall, TopCommand } from "../spec.ts";
import { causesInShort } from "../text/build-refusals.ts";
import { renderRebuilt } from "../text/rebuild.ts";
import { digestsOfHooks, rebuildOptions } from "./inputs.ts";

const taken: ReadonlySet<string> = new Set([
  ...["pristine", "hooks", "on", "base-patch"],
  ...["allow-init", "allow-unsafe", "allow-layout", "allow-fresh-data"],
]);

export const rebuildCommand: TopCommand = {
  name: "rebuild",
  description: [
    "Builds a payload again from what it says it was made from, and compares all bytes: the same source, configuration, compiler, patches and xSplice give the same file. Where they differ, it says where they do so first, and which input is another one here.",
    "Patches and hooks are in the payload, unless it was built to carry only their digests. What the author allowed by name is in the report of the build, which is read where it lies beside the payload.",
    "A payload that came out the same is noted as made here: who signs for a channel whose builders have to rebuild signs nothing else (depot publish).",
    "Exits 0 if the bytes are the same, 2 if they differ, or if no payload can be built here.",
  ],
  arguments: [{ name: "PAYLOAD", description: "the payload", count: "one", completes: "file" }],
  options: [
    ...sourceSpecs,
    {
      name: "patch",
      value: "FILE",
      description:
        "a patch that it was made from and does not carry, or in place of its own of that name",
      repeatable: "yes",
      completes: "file",
    },
    ...buildOptionSpecs.filter(({ name }) => taken.has(name)),
    {
      name: "report",
      value: "FILE",
      description: "the report of its build",
      default: "PAYLOAD.json, where it is there",
      completes: "file",
    },
    {
      name: "output",
      letter: "o",
      value: "FILE",
      description: "keep what was built here",
      completes: "file",
    },
    ...compilerSpecs,
  ],
  examples: [
    {
      command: "xsplice rebuild fix.livepatch --base debian:12",
      explains: "is it what its source and its patches make?",
    },
    {
      command: "xsplice rebuild fix.livepatch --source xen --xen-syms xen-syms --config xen.config",
      explains: "the same, for a hypervisor of your own",
    },
  ],
  kind: "own",
  run: rebuild,
};

async function rebuild(call: CommandCall): Promise<number> {
  const { io, globals, options } = call;
  const [path = ""] = call.args;
  const reason = "the hypervisor's limit for a payload";
  const bytes = await readInputFile(path, { sizeMax: PAYLOAD_SIZE_MAX, reason, signal: io.signal });
  const recipe = recipeOf(bytes, path);
  const beside = `${path}.json`;
  using work = makeTemporaryFolder("rebuild");
  const report = options.text("report") ?? (existsSync(beside) ? beside : undefined);
  const plain = await rebuildOptions(call, recipe, { work: work.path, report });
  const onProgress = (text: string): void => {
    if (globals.output === "text") io.stderr.write(`${text}\n`);
  };
  const build: BuildOptions = { ...plain, run: { ...plain.run, onProgress } };
  const rebuilt = await compare({ path, bytes, recipe }, build);
  const output = options.text("output");
  if (rebuilt.outcome === "same") {
    const { noteMadeHere } = await import("../../depot/vouch/made-here.ts");
    noteMadeHere(madeHereFolder(io.env), {
      sha256: rebuilt.document.sha256,
      buildId: recipe.buildId,
      at: new Date().toISOString(),
      inputs: rebuilt.document.inputs.map(({ input, here }) => ({ input, here })),
    });
  }
  if (output !== undefined && rebuilt.bytes !== undefined) {
    const { writeFileAtomically } = await import("../../builder/write-file.ts");
    await writeFileAtomically(output, rebuilt.bytes);
  }
  emit(call, "rebuild", rebuilt.document, () => renderRebuilt(rebuilt.document));
  return rebuilt.outcome === "same" ? ExitCode.success : ExitCode.different;
}

interface Subject {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly recipe: Recipe;
}

interface Compared {
  readonly outcome: Rebuilt["outcome"];
  readonly document: Rebuilt;
  readonly bytes: Uint8Array | undefined;
}

async function compare({ path, bytes, recipe }: Subject, build: BuildOptions): Promise<Compared> {
  const { readXenSyms } = await import("../../running/xen-syms.ts");
  const { xenSyms } = build.inputs;
  const xen = readXenSyms(xenSyms.bytes, xenSyms.name);
  const hypervisor = Buffer.from(xen.buildId).toString("hex");
  const isOther = recipe.xenBuildId !== undefined && recipe.xenBuildId !== hypervisor;
  const fix = isOther ? undefined : await built(build);
  const inputs = await inputsOf(recipe, build, { hypervisor, fix });
  const made = fix?.payload?.bytes;
  const common = { payload: path, sha256: sha256(bytes), inputs };
  if (made === undefined) {
    const because = isOther ? ["it is for another hypervisor"] : reasonsOf(fix);
    const document: Rebuilt = {
      ...common,
      outcome: "refused",
      rebuilt: undefined,
      difference: undefined,
      because,
    };
    return { outcome: "refused", document, bytes: undefined };
  }
  const difference = firstDifference(bytes, made);
  const outcome = difference === undefined ? "same" : "differs";
  const document: Rebuilt = {
    ...common,
    outcome,
    rebuilt: { sha256: sha256(made), sizeBytes: made.length },
    difference,
    because: [],
  };
  return { outcome, document, bytes: made };
}

async function built(build: BuildOptions): Promise<BuiltFix> {
  const { buildFix } = await import("../../builder/build.ts");
  return buildFix(build);
}

function reasonsOf(fix: BuiltFix | undefined): readonly string[] {
  const refusals = fix?.refusals ?? [];
  if (refusals.length === 0) return ["here the fix changes nothing that the hypervisor runs"];
  return causesInShort(refusals);
}

async function inputsOf(
  recipe: Recipe,
  build: BuildOptions,
  { hypervisor, fix }: { readonly hypervisor: string; readonly fix: BuiltFix | undefined },
): Promise<readonly ComparedInput[]> {
  const { inputs, label } = build;
  const source = fix?.findings.prepared.source;
  const digests = (all: typeof inputs.patches) => all.map((one) => sha256(one.bytes));
  return compareInputs(recipe, {
    hypervisor,
    source: source?.digest,
    config: sha256(inputs.config.text),
    compiler: source?.compiler.version,
    tool: `xsplice ${label.toolVersion}`,
    patches: digests(inputs.patches),
    pristine: digests(inputs.pristine ?? []),
    hooks: await digestsOfHooks(build),
  });
}
