import { basename } from "node:path";
import type { CheckOutcome, CheckReport } from "../../check/check.ts";
import type { RuleId } from "../../check/rules.ts";
import type { PayloadToCheck } from "../../check/subject.ts";
import type { Hypervisor } from "../../xen-model/hypervisor.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { OptionSpec } from "../option-spec.ts";
import { baseOption, readXenSymsInput, type XenSymsInput } from "../options/base.ts";
import { requireRules } from "../options/rules.ts";
import { xenSymsOption } from "../options/xen-syms.ts";
import { readInputFile } from "../read-input-file.ts";
import type { CommandCall, TopCommand } from "../spec.ts";
import { renderCheck, renderRule } from "../text/check-report.ts";
import { UsageError } from "../usage-error.ts";

const actions = ["apply", "replace"] as const;

/** Eight times what a hypervisor takes: what is too large is to be told by what Xen says to it. */
const PAYLOAD_READ_MAX = 16 * 1024 * 1024;

const checksNothing = { option: "explain", because: "nothing is checked then" } as const;

const withoutExplaining = (option: OptionSpec): OptionSpec => ({
  ...option,
  excludes: [...(option.excludes ?? []), checksNothing],
});

export const checkCommand: TopCommand = {
  name: "check",
  description: [
    "Plays the payloads in the given order on a model of the hypervisor: each is uploaded and applied on top of those before it. Reports whether Xen accepts it, or the error and its step, the console output, what changes at each function's entry, and what could go wrong although Xen accepts it. Needs no hypervisor.",
    "With --action replace, the last payload replaces all those before it.",
    "Exits 0 if nothing is wrong, 2 if Xen would refuse a payload, 3 if there are hazards. Notes do not count, nor do hazards of a rule that --allow names; a crash of this hypervisor can never be allowed.",
  ],
  arguments: [
    {
      name: "PAYLOAD",
      description: "payloads, lowest first",
      count: "many",
      required: { unless: ["explain"] },
      excludes: [checksNothing],
      completes: "file",
    },
  ],
  options: [
    withoutExplaining(baseOption(["xen-syms"])),
    { ...xenSymsOption, required: { unless: ["base", "explain"] }, excludes: [checksNothing] },
    {
      name: "release",
      value: "RELEASE",
      description: "the hypervisor's release, such as 4.17.5, if xen-syms does not have it",
      excludes: [checksNothing],
    },
    {
      name: "action",
      value: "ACTION",
      description: "apply, or replace by the last payload",
      choices: actions,
      default: "apply",
      excludes: [checksNothing],
    },
    {
      name: "nodeps",
      description: "apply without checking dependencies",
      excludes: [checksNothing],
    },
    {
      name: "allow",
      value: "RULE-ID",
      description: "allow the hazards of a rule",
      repeatable: "yes",
      completes: "rule",
      excludes: [checksNothing],
    },
    {
      name: "explain",
      value: "RULE-ID",
      description: "explain a rule, and check nothing",
      completes: "rule",
    },
  ],
  examples: [
    {
      command: "xsplice check fix.livepatch --base ssh:root@HOST",
      explains: "before the payload is loaded there",
    },
    {
      command: "xsplice check old.livepatch new.livepatch --action replace --xen-syms xen-syms",
      explains: "before new replaces old",
    },
    {
      command: "xsplice check --explain superseded-code-reachable",
      explains: "explain a rule",
    },
  ],
  kind: "own",
  run: async (call) => {
    const rule = call.options.text("explain");
    if (rule !== undefined) return explain(call, rule);
    const report = await check(call);
    emit(call, "check", report, () => renderCheck(report));
    return exitCodes[report.outcome];
  },
};

const exitCodes: Readonly<Record<CheckOutcome, number>> = {
  clean: ExitCode.success,
  refused: ExitCode.refused,
  hazards: ExitCode.hazards,
};

async function explain(call: CommandCall, text: string): Promise<number> {
  const [id] = await requireRules("--explain", [text]);
  const { describeRule } = await import("../../check/describe-rule.ts");
  const description = describeRule(id ?? (text as RuleId));
  emit(call, "check", description, () => renderRule(description));
  return ExitCode.success;
}

async function check(call: CommandCall): Promise<CheckReport> {
  const { args, options, io } = call;
  const allowed = await requireRules("--allow", options.texts("allow"));
  const [hypervisor, payloads, { checkPayloads }] = await Promise.all([
    readXenSymsInput(call).then((syms) => openXenSyms(syms, options.text("release"))),
    readPayloads(args, io.signal),
    import("../../check/check.ts"),
  ]);
  return checkPayloads({
    hypervisor,
    payloads,
    action: options.choice("action", actions) ?? "apply",
    allowed,
    dependencyCheck: options.has("nodeps") ? "hypervisor-only" : "whole-chain",
  });
}

async function openXenSyms(
  { path, bytes }: XenSymsInput,
  release: string | undefined,
): Promise<Hypervisor> {
  const [{ openHypervisor }, { ReleaseError }] = await Promise.all([
    import("../../xen-model/hypervisor.ts"),
    import("../../xen-abi/release.ts"),
  ]);
  try {
    return openHypervisor(bytes, path, release === undefined ? {} : { release });
  } catch (cause) {
    if (!(cause instanceof ReleaseError) || release === undefined) throw cause;
    const report = { ...cause.report, code: "usage/bad-value", where: "--release" } as const;
    throw new UsageError(report, { cause });
  }
}

async function readPayloads(
  paths: readonly string[],
  signal: AbortSignal,
): Promise<readonly PayloadToCheck[]> {
  const names = namesOf(paths);
  return Promise.all(
    paths.map(async (source, index) => {
      const limit = { sizeMax: PAYLOAD_READ_MAX, reason: "far more than a payload has", signal };
      const bytes = await readInputFile(source, limit);
      return { name: names[index] ?? source, source, bytes };
    }),
  );
}

/** As `load` names them, the file's name up to its last dot; numbered where two are the same. */
function namesOf(paths: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return paths.map((path) => {
    const plain = basename(path).replace(/(.)\.[^.]*$/, "$1");
    let name = plain;
    for (let number = 2; taken.has(name); number++) name = `${plain}-${number}`;
    taken.add(name);
    return name;
  });
}
