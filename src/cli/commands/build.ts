import type { BuildOptions } from "../../builder/build-options.ts";
import type { BuiltFix } from "../../builder/built-fix.ts";
import type { HookDraft } from "../../builder/draft/draft.ts";
import type { BuildReport } from "../../builder/report.ts";
import { emit, toDocument } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { buildOptionSpecs, readBuildOptions } from "../options/build.ts";
import { requireFolder, requireFreePlace, requireOtherPlace } from "../options/output-place.ts";
import type { CommandCall, TopCommand } from "../spec.ts";
import { columnsOf } from "../text/aligned-lines.ts";
import { renderDraft, renderExplanation, renderReport } from "../text/build-report.ts";

export const buildCommand: TopCommand = {
  name: "build",
  description: [
    "Compiles the objects that the patch changes, without it and with it, using Xen's own make files in a copy of the source, and puts the differences into a payload. Calls and data are bound to the hypervisor's own by name.",
    "No part of a patch is dropped silently: the report lists every hunk and every difference. It is written beside the payload, with .json appended (no report when the output is a device). If any part cannot be live patched, the whole fix is refused, with every reason and a remedy for each.",
    "A payload is stacked on the hypervisor, or on the payloads of --on, which contain their own patches. With --mode cumulative it replaces all others; with --mode independent it can be applied in any order. Before it applies the payload, Xen compares the old code that the payload carries (--guard).",
    "Exits 0 if the payload is built, 2 if the fix cannot be live patched, 3 if it changes nothing that the hypervisor runs, or nothing but what you allowed to be left out.",
  ],
  arguments: [],
  options: buildOptionSpecs,
  examples: [
    {
      command: "xsplice build --base ssh:root@HOST --patch xsa999.patch",
      explains: "from a security fix to xsa999.livepatch, for the hypervisor that runs there",
    },
    {
      command: "xsplice build --base debian:4.17.5+72-g01140da4e8-1 --patch xsa999.patch",
      explains: "the same, for a hypervisor of Debian's",
    },
    {
      command:
        "xsplice build --source xen --xen-syms xen-syms --config xen.config --patch fix.patch --explain f",
      explains: "the same, and show the instructions of f, before and after",
    },
    {
      command:
        "xsplice build --source xen --xen-syms xen-syms --config config --patch b.patch --on a.livepatch",
      explains: "the next fix, on top of the first one",
    },
  ],
  kind: "own",
  run: async (call) => {
    const onProgress = (text: string): void => {
      if (call.globals.output === "text") call.io.stderr.write(`${text}\n`);
    };
    const [{ options, output, explain, draftHooks }, { buildFix }] = await Promise.all([
      readBuildOptions(call, onProgress),
      import("../../builder/build.ts"),
    ]);
    await requireFolder(output);
    await requireOtherPlace(output, inputsOf(call, options));
    if (draftHooks !== undefined) await requireFreePlace(draftHooks, output);
    // The report's code is loaded while the build waits for compilers.
    const [fix, { reportOf }] = await Promise.all([
      buildFix(options),
      import("../../builder/report.ts"),
    ]);
    const report = reportOf(fix, options, output);
    const reportPlace = await writeResults(fix, report, output);
    const explained = await explainAll(fix, explain);
    const draft = draftHooks === undefined ? undefined : await writeDraft(fix, draftHooks);
    if (call.globals.output === "text") call.io.stderr.write(report.warnings);
    const asked = { ...(explain === undefined ? {} : { explained }), ...(draft && { draft }) };
    emit(call, "build", { ...report, ...asked }, () =>
      [
        renderReport(report, { output, report: reportPlace }),
        ...(draft === undefined ? [] : [renderDraft(draft)]),
        ...explained.map((one) => renderExplanation(one, columnsOf(call.io.stdout))),
      ].join("\n"),
    );
    return exitCodes[fix.outcome];
  },
};

/** All files that are read, but for the source's own. */
function inputsOf({ options: given }: CommandCall, options: BuildOptions): readonly string[] {
  const { patches, pristine = [], xenSyms, config, hooks } = options.inputs;
  const named = ["series", "previous"].flatMap((name) => given.text(name) ?? []);
  const below = ["on", "depends"].flatMap((name) => given.texts(name));
  const read = [...patches, ...pristine, ...options.stacking.basePatches].map(({ name }) => name);
  return [...read, xenSyms.name, config.name, ...hooks, ...named, ...below];
}

const exitCodes: Readonly<Record<BuiltFix["outcome"], number>> = {
  built: ExitCode.success,
  refused: ExitCode.unpatchable,
  unchanged: ExitCode.unchanged,
  "left-out": ExitCode.unchanged,
};

/**
 * The payload last: where there is one, there is its report. What an earlier build left goes. Gives
 * the report's place; a device has no room for one beside it.
 */
async function writeResults(
  fix: BuiltFix,
  report: BuildReport,
  output: string,
): Promise<string | undefined> {
  const { isDevice, removeEarlierResult, writeFileAtomically } = await import(
    "../../builder/write-file.ts"
  );
  await removeEarlierResult(output);
  const place = (await isDevice(output)) ? undefined : `${output}.json`;
  if (place !== undefined) {
    await removeEarlierResult(place);
    await writeFileAtomically(place, Buffer.from(toDocument("build", report)));
  }
  try {
    if (fix.payload !== undefined) await writeFileAtomically(output, fix.payload.bytes);
  } catch (error) {
    // It tells of a payload that is not there.
    if (place !== undefined) await removeEarlierResult(place);
    throw error;
  }
  return place;
}

interface WrittenDraft extends Pick<HookDraft, "drafted" | "left"> {
  /** Undefined when there was nothing to draft. */
  readonly file: string | undefined;
}

async function writeDraft(fix: BuiltFix, file: string): Promise<WrittenDraft> {
  const [{ draftHooks }, { writeFileAtomically }] = await Promise.all([
    import("../../builder/draft/draft.ts"),
    import("../../builder/write-file.ts"),
  ]);
  const draft = draftHooks(fix);
  if (draft === undefined) return { file: undefined, drafted: [], left: [] };
  await writeFileAtomically(file, Buffer.from(draft.text));
  return { file, drafted: draft.drafted, left: draft.left };
}

async function explainAll({ findings: { objects } }: BuiltFix, name: string | undefined) {
  if (name === undefined) return [];
  const { explainFunction, noSuchFunction } = await import("../../builder/report-explain.ts");
  const explained = explainFunction(objects, name);
  if (explained.length === 0) throw noSuchFunction(name, objects);
  return explained;
}
