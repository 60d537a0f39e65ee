import { basename } from "node:path";
import type { Added } from "../../depot/draft/add.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { checkPayloadName, payloadNameOf } from "../options/payload-name.ts";
import { requireRules } from "../options/rules.ts";
import { readInputFile } from "../read-input-file.ts";
import type { CommandCall, CommandSpec } from "../spec.ts";
import { UsageError } from "../usage-error.ts";
import { readFix } from "./fix-words.ts";
import { depotArgument } from "./signing.ts";

const EVIDENCE_MAX = 16 * 1024 * 1024;

export const addCommand: CommandSpec = {
  name: "add",
  summary: "put payloads, or fixes that need a reboot, into a channel",
  description: [
    "Plays each payload on the model of its base, alone and with what the channel holds. What Xen would refuse is refused here, and so are hazards that --allow does not name. A cumulative payload takes the place of all that the channel holds for that base.",
    "With --needs-reboot, no payload is added: it says that a fix cannot be live patched there, and why, so that hosts can say that they need a reboot.",
    "Hosts see it after depot publish.",
  ],
  arguments: [
    depotArgument,
    {
      name: "PAYLOAD",
      description: "payloads, lowest first",
      count: "many",
      required: { unless: ["needs-reboot"] },
      excludes: [{ option: "needs-reboot", because: "such a fix has no payload" }],
      completes: "file",
    },
  ],
  options: [
    {
      name: "channel",
      value: "NAME",
      required: "always",
      description: "the channel, such as edge",
    },
    {
      name: "to-base",
      value: "BASE",
      description: "build-id or label of the base; by default the build that the payload names",
    },
    {
      name: "name",
      value: "NAME",
      description: "the payload's name on hosts; else that of its file",
    },
    {
      name: "fix",
      value: "TEXT",
      repeatable: "yes",
      description: 'a fix that it closes: "XSA-494 CVE-2026-1234 title"',
    },
    {
      name: "evidence",
      value: "FILE",
      repeatable: "yes",
      completes: "file",
      description:
        "a build report, a proof of the fix, a result of the lab: kept and signed beside it",
    },
    {
      name: "allow",
      value: "RULE-ID",
      repeatable: "yes",
      completes: "rule",
      description: "allow the hazards of a rule",
    },
    {
      name: "needs-reboot",
      value: "TEXT",
      description: "a fix that cannot be live patched, in the same words as --fix",
      needs: [{ option: "reason" }, { option: "to-base" }],
    },
    {
      name: "reason",
      value: "TEXT",
      description: "why it cannot: what the build says when it refuses",
      needs: [{ option: "needs-reboot" }],
    },
  ],
  examples: [
    {
      command:
        'xsplice depot add depot fix.livepatch --channel edge --fix "XSA-486 CVE-2026-1111 shadow"',
      explains: "a payload that was built for a registered base",
    },
    {
      command:
        'xsplice depot add depot --channel edge --to-base deb12 --needs-reboot XSA-494 --reason "init code"',
      explains: "hosts of that base will say that they need a reboot",
    },
  ],
  kind: "own",
  run: add,
};

async function add(call: CommandCall): Promise<number> {
  const [depot = "", ...paths] = call.args;
  const { options } = call;
  const channel = options.requiredText("channel");
  const unfixable = options.text("needs-reboot");
  const { addPayload, addUnfixable } = await import("../../depot/draft/add.ts");
  if (unfixable !== undefined) {
    const fix = readFix("needs-reboot", unfixable);
    const wanted = {
      channel,
      base: options.requiredText("to-base"),
      reason: options.requiredText("reason"),
    };
    const base = await addUnfixable(depot, { ...fix, ...wanted });
    const text = `${channel}, ${base}: ${fix.advisory} needs a reboot\n`;
    emit(call, "depot add", { channel, base, needsReboot: fix.advisory }, () => text);
    return ExitCode.success;
  }
  const added: Added[] = [];
  for (const payload of await readPayloads(call, paths)) {
    added.push(await addPayload(depot, payload));
  }
  emit(call, "depot add", { channel, added }, () =>
    added.map((one) => renderAdded(one, channel)).join(""),
  );
  return ExitCode.success;
}

/** All files are read before the first is added. */
async function readPayloads(call: CommandCall, paths: readonly string[]) {
  const { options, io } = call;
  const name = options.text("name");
  if (name !== undefined && paths.length > 1) throw namesForMany();
  const { PAYLOAD_SIZE_MAX } = await import("../../xen-abi/limits.ts");
  const read = (path: string, sizeMax: number, reason: string) =>
    readInputFile(path, { sizeMax, reason, signal: io.signal });
  const evidence = await Promise.all(
    options.texts("evidence").map(async (path) => ({
      name: basename(path),
      bytes: await read(path, EVIDENCE_MAX, "more than evidence needs"),
    })),
  );
  const common = {
    channel: options.requiredText("channel"),
    base: options.text("to-base"),
    fixes: options.texts("fix").map((text) => readFix("fix", text)),
    allowed: await requireRules("--allow", options.texts("allow")),
    evidence,
  };
  return Promise.all(
    paths.map(async (source) => {
      const own = name ?? payloadNameOf(source);
      checkPayloadName(own);
      const bytes = await read(source, PAYLOAD_SIZE_MAX, "the hypervisor's limit for a payload");
      return { ...common, payload: { name: own, source, bytes } };
    }),
  );
}

function namesForMany(): UsageError {
  return new UsageError({
    code: "usage/bad-value",
    problem: "Cannot give one name to several payloads",
    where: "--name",
    remedy: "add them one by one, or leave it out: each is named after its file",
  });
}

function renderAdded({ label, payload, replaced }: Added, channel: string): string {
  const fixes = payload.fixes.map(({ advisory }) => advisory).join(", ") || "no advisory";
  const instead = replaced.length === 0 ? "" : `, in place of ${replaced.join(", ")}`;
  return `${channel}, ${label}: ${payload.name} (${fixes})${instead}\n`;
}
