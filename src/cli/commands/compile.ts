import { basename } from "node:path";
import { hexNumber, toHex } from "../../bytes/hex.ts";
import type { CompiledPayload } from "../../compile/compile.ts";
import type { DocumentContent } from "../../documents/documents.ts";
import type { Release } from "../../xen-abi/release.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { baseOption, readXenSymsInput } from "../options/base.ts";
import { metadataOption, readMetadata } from "../options/metadata.ts";
import { requireFolder } from "../options/output-place.ts";
import { splitPair } from "../options/split-pair.ts";
import {
  foundationOptionSpecs,
  guardOptionSpec,
  modeOptionSpec,
  readStackingOptions,
} from "../options/stacking.ts";
import { xenSymsOption } from "../options/xen-syms.ts";
import type { CommandCall, TopCommand } from "../spec.ts";
import { renderFacts } from "../text/render-facts.ts";
import { UsageError } from "../usage-error.ts";

export const compileCommand: TopCommand = {
  name: "compile",
  description: [
    "Every non-static function with the name of one of Xen's functions replaces it. The C file can use Xen's functions and variables by name. Declare hooks with the macros of share/include/xsplice.h, which is included automatically.",
    "Needs gcc or clang and the xen-syms file of exactly the running hypervisor, but no Xen source.",
  ],
  arguments: [{ name: "FILE", description: "a C file", count: "one-or-many", completes: "file" }],
  options: [
    baseOption(["xen-syms"]),
    { ...xenSymsOption, required: { unless: ["base"] } },
    {
      name: "output",
      letter: "o",
      value: "FILE",
      description: "the payload",
      default: "the first C file's name, with .livepatch",
      completes: "file",
    },
    {
      name: "replace",
      value: "OLD=NEW",
      description: "replace Xen's OLD by NEW of the C file",
      repeatable: "yes",
    },
    modeOptionSpec,
    ...foundationOptionSpecs,
    guardOptionSpec,
    metadataOption,
    { name: "cc", value: "COMPILER", description: "gcc or clang", default: "$CC, else gcc" },
    {
      name: "cflag",
      value: "FLAG",
      description: "an additional flag for the compiler, as in --cflag=-DDEBUG",
      repeatable: "yes",
    },
    {
      name: "release",
      value: "VERSION",
      description: "the hypervisor's release, such as 4.17.5, if xen-syms does not have it",
    },
  ],
  examples: [
    {
      command: "xsplice compile fix.c --base debian:12",
      explains: "for Debian's newest hypervisor of that release",
    },
    {
      command:
        "xsplice compile fix.c --xen-syms /usr/lib/debug/boot/xen-syms-4.17-amd64 -o fix.livepatch",
      explains: "replace the functions of Xen that fix.c defines",
    },
    {
      command: "xsplice compile fix.c --xen-syms xen-syms --replace common/kernel.c#do_it=my_do_it",
      explains: "replace a static function of Xen by one of another name",
    },
  ],
  kind: "own",
  run: async (call) => {
    const output = call.options.text("output") ?? defaultOutput(call.args);
    await requireFolder(output);
    const compiled = await compile(call);
    const { writeFileAtomically } = await import("../../builder/write-file.ts");
    await writeFileAtomically(output, compiled.bytes);
    if (call.globals.output === "text") call.io.stderr.write(compiled.warnings);
    emit(call, "compile", summaryOf(output, compiled), () => renderSummary(output, compiled));
    return ExitCode.success;
  },
};

function defaultOutput([first = ""]: readonly string[]): string {
  return `${basename(first).replace(/\.c$/, "")}.livepatch`;
}

async function compile(call: CommandCall): Promise<CompiledPayload> {
  const { args, options, io } = call;
  const replace = options.texts("replace").map((text) => splitPair("--replace", text));
  const metadata = readMetadata(options);
  const release = await readRelease(options.text("release"));
  const syms = await readXenSymsInput(call);
  const [{ compilePayload }, { readXenSyms }] = await Promise.all([
    import("../../compile/compile.ts"),
    import("../../running/xen-syms.ts"),
  ]);
  const stacking = await readStackingOptions(call);
  return compilePayload({
    inputs: {
      sources: args,
      replace: replace.map(([old, replacement]) => ({ old, new: replacement })),
    },
    target: { xen: readXenSyms(syms.bytes, syms.path), release },
    stacking,
    compiler: {
      command: options.text("cc") ?? (io.env["CC"] || undefined),
      path: syms.compilerPath,
      extraFlags: options.texts("cflag"),
    },
    metadata,
    signal: io.signal,
  });
}

async function readRelease(text: string | undefined): Promise<Release | undefined> {
  if (text === undefined) return undefined;
  const { parseRelease, ReleaseError } = await import("../../xen-abi/release.ts");
  try {
    return parseRelease(text);
  } catch (cause) {
    if (!(cause instanceof ReleaseError)) throw cause;
    const report = { ...cause.report, code: "usage/bad-value", where: "--release" } as const;
    throw new UsageError(report, { cause });
  }
}

function summaryOf(output: string, compiled: CompiledPayload): DocumentContent<"compile"> {
  const { bytes, buildId, payloadVersion, release, replaced, hooks, unchecked, warnings } =
    compiled;
  return {
    output,
    sizeBytes: bytes.length,
    buildId: toHex(buildId),
    payloadVersion,
    release,
    replaced,
    hooks,
    unchecked,
    warnings,
  };
}

function placeOf(address: bigint | undefined): string {
  return address === undefined ? "of the payload below" : `at ${hexNumber(address)}`;
}

function renderSummary(
  output: string,
  { bytes, buildId, replaced, hooks }: CompiledPayload,
): string {
  const functions = replaced.map(
    ({ name, address, oldSizeBytes, newSizeBytes }): [string, string] => [
      "replaces",
      `${name} ${placeOf(address)}, ${oldSizeBytes} bytes, by ${newSizeBytes} bytes`,
    ],
  );
  return renderFacts([
    ["payload", `${output}, ${bytes.length} bytes`],
    ["build-id", toHex(buildId)],
    ...functions,
    ...hooks.map(({ kind, name }): [string, string] => ["hook", `${name}, ${kind}`]),
  ]);
}
