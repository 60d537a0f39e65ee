import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { baseOption, readXenSymsInput } from "../options/base.ts";
import { xenSymsOption } from "../options/xen-syms.ts";
import type { CommandSpec } from "../spec.ts";
import { depotArgument } from "./signing.ts";

export const baseCommand: CommandSpec = {
  name: "base",
  summary: "register a build of the hypervisor that the depot has payloads for",
  description: [
    "Keeps the symbols of that build: every payload that is added for it is played on the model that they make. Hosts find what is for them by the build-id.",
  ],
  arguments: [depotArgument],
  options: [
    baseOption(["xen-syms"]),
    { ...xenSymsOption, required: { unless: ["base"] } },
    { name: "label", value: "TEXT", description: 'for people, such as "Debian 12, 4.17.5+72"' },
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
    const [{ bytes, path }, { addBase }, { readDraft }] = await Promise.all([
      readXenSymsInput(call),
      import("../../depot/draft/bases.ts"),
      import("../../depot/draft/draft.ts"),
    ]);
    readDraft(depot);
    const label = call.options.text("label");
    const base = await addBase(depot, { symbols: bytes, source: path, label });
    emit(call, base, () => `${base.label}: Xen ${base.release}, build-id ${base.buildId}\n`);
    return ExitCode.success;
  },
};
