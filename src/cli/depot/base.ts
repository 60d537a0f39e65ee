import { resolve } from "node:path";
import type { MadeFrom } from "../../depot/draft/draft.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { baseOption, readBase } from "../options/base.ts";
import { xenSymsOption } from "../options/xen-syms.ts";
import { readXenSymsFile } from "../read-xen-syms-file.ts";
import type { CommandCall, CommandSpec } from "../spec.ts";
import { depotArgument } from "./signing.ts";

export const baseCommand: CommandSpec = {
  name: "base",
  summary: "register a build of the hypervisor that the depot has payloads for",
  description: [
    "Keeps the symbols of that build: every payload that is added for it is played on the model that they make. Hosts find what is for them by the build-id.",
    "With --base, or with --source and --config, it also keeps what payloads for that build are made from, for xsplice matrix: paths of this machine, which no host sees.",
  ],
  arguments: [depotArgument],
  options: [
    baseOption(["xen-syms", "config"]),
    { ...xenSymsOption, required: { unless: ["base"] } },
    { name: "label", value: "TEXT", description: 'for people, such as "Debian 12, 4.17.5+72"' },
    {
      name: "source",
      value: "DIR",
      description: "the source that it was built from",
      completes: "file",
      needs: [{ option: "config", or: ["base"] }],
    },
    {
      name: "config",
      value: "FILE",
      description: "its configuration",
      completes: "file",
      needs: [{ option: "source" }],
    },
    { name: "cc", value: "COMPILER", description: "the compiler that made it" },
    {
      name: "package-version",
      value: "VERSION",
      description: "VERSION-RELEASE of its package, for the layout of XenServer",
    },
    {
      name: "series",
      value: "FILE",
      description: "the patches of this base, where it needs others than the rest",
      completes: "file",
    },
  ],
  examples: [
    {
      command: 'xsplice depot base depot --base debian:12 --label "Debian 12"',
      explains: "Debian's own build",
    },
    {
      command: "xsplice depot base depot --xen-syms xen-syms-4.17.5",
      explains: "one of your own, by its symbols",
    },
  ],
  kind: "own",
  run: async (call) => {
    const [depot = ""] = call.args;
    const [{ addBase }, { readDraft }] = await Promise.all([
      import("../../depot/draft/bases.ts"),
      import("../../depot/draft/draft.ts"),
    ]);
    readDraft(depot);
    const opened = await readBase(call, "symbols");
    const path = opened?.xenSyms ?? call.options.requiredText("xen-syms");
    const symbols = await readXenSymsFile(path, call.io.signal);
    const made = madeFrom(call, opened?.packageVersion);
    const label = call.options.text("label");
    const base = await addBase(depot, { symbols, source: path, label, made });
    emit(
      call,
      "depot base",
      base,
      () => `${base.label}: Xen ${base.release}, build-id ${base.buildId}\n`,
    );
    return ExitCode.success;
  },
};

/** `undefined` where nothing of it was given. @param exact version of Debian's package */
function madeFrom({ options }: CommandCall, exact: string | undefined): MadeFrom | undefined {
  const at = (name: string) => {
    const path = options.text(name);
    return path === undefined ? undefined : resolve(path);
  };
  const [source, config, series] = [at("source"), at("config"), at("series")];
  const [word, compiler] = [options.text("base"), options.text("cc")];
  const version = options.text("package-version");
  if ([source, config, series, word, compiler, version].every((one) => one === undefined))
    return undefined;
  return { base: word && exactWord(word, exact), source, config, compiler, series, version };
}

/** The newest of a release is another one tomorrow. */
function exactWord(word: string, version: string | undefined): string {
  const [, kind] = /^(debian|debian-arm64):/.exec(word) ?? [];
  if (kind !== undefined && version !== undefined) return `${kind}:${version}`;
  return word.includes("/") && !word.startsWith("ssh:") ? resolve(word) : word;
}
