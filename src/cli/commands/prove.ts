import { dirname, join } from "node:path";
import { XspliceError } from "../../error.ts";
import type { NamedPayload } from "../../prove/run.ts";
import { emit, toDocument } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { readLabOptions, x86LabOptions } from "../options/lab.ts";
import { requireEvidencePlace } from "../options/output-place.ts";
import { checkPayloadName, payloadNameOf } from "../options/payload-name.ts";
import { readPayload } from "../preflight.ts";
import type { CommandCall, CommandSpec } from "../spec.ts";
import { progressLine } from "../text/progress.ts";
import { UsageError } from "../usage-error.ts";
import { packageVersion } from "../version.ts";

export const proveCommand: CommandSpec = {
  name: "prove",
  summary: "show that a payload closes a security hole, on a real hypervisor",
  description: [
    "Attacks a hypervisor in a lab three times, each time in a fresh one: without the payload, where the hole must show; with it, where nothing must happen and everything must go on, another guest included; and after the revert, where the hole must show again, so that it was the payload that closed it.",
    "A trigger is our own code for a published hole that has a fix. It runs in labs that this command starts and ends, and nowhere else. share/triggers/ has them, docs/guides/prove.md lists them and says how one is written. --timeout is also how long it may run, each time; without it, 60 seconds.",
    "The evidence is written beside the payload, as NAME.proof.json: digests and build-ids of all that took part, and of each run what was seen, with the hypervisor's console.",
  ],
  arguments: [],
  options: [
    {
      name: "trigger",
      value: "TRIGGER",
      description: "its name, such as XSA-504, or the path of your own trigger.json",
      required: "always",
      completes: "file",
    },
    {
      name: "payload",
      value: "FILE",
      description: "the payload; several, in the order in which they are applied",
      required: "always",
      repeatable: "yes",
      completes: "file",
    },
    {
      name: "repeat",
      value: "TIMES",
      description: "how often each run is made; all must show the same",
      range: { min: 1, max: 100 },
      default: "1",
    },
    {
      name: "proof",
      value: "FILE",
      description: "where the evidence goes",
      default: "beside the first payload, with .proof.json in place of .livepatch",
      completes: "file",
    },
    ...x86LabOptions.filter(({ name }) => name !== "full" && name !== "memory"),
  ],
  examples: [
    {
      command: "xsplice prove --trigger XSA-504 --payload xsa504.livepatch",
      explains: "on Debian's Xen 4.17, in about five seconds",
    },
    {
      command:
        "xsplice prove --trigger XSA-428 --payload fix.livepatch --xen ./xen.gz --xen-syms ./xen-syms",
      explains: "on a hypervisor of yours",
    },
  ],
  kind: "own",
  run: async (call) => {
    refuseOtherHosts(call);
    const payloads = await readPayloads(call);
    const { findTrigger } = await import("../../prove/find-trigger.ts");
    const trigger = findTrigger(call.options.requiredText("trigger"));
    const place = call.options.text("proof") ?? proofPlace(payloads);
    const inputs = [...payloads.map(({ path }) => path), trigger.source];
    await requireEvidencePlace(place, "--proof", inputs);
    const { prove } = await import("../../prove/prove.ts");
    const { proofDocument, proofStory } = await import("../../prove/proof-file.ts");
    const { runWords } = await import("../../prove/proof.ts");
    const progress = progressLine(call.io);
    const isText = call.globals.output === "text";
    const proof = await prove({
      trigger,
      payloads,
      lab: await readLabOptions(call, progress),
      repeat: call.options.number("repeat") ?? 1,
      compiler: call.io.env["CC"] || undefined,
      deadlineMs: call.globals.deadlineMs,
      attackMs: call.options.text("timeout") === undefined ? undefined : call.globals.deadlineMs,
      signal: call.io.signal,
      ...(call.options.has("verbose") && {
        onStep: (kind, step) => void call.io.stderr.write(`${runWords[kind]}: ${step} …\n`),
      }),
      onRun: (kind, run) => {
        if (run === undefined && isText) call.io.stderr.write(`attacking ${runWords[kind]} …\n`);
      },
    });
    progress.end();
    const tool = `xsplice ${packageVersion()}`;
    const document = proofDocument(proof, { trigger, payloads, tool });
    await keepEvidence(place, toDocument("prove", document), proof.verdict.kind);
    emit(
      call,
      "prove",
      { ...document, proof: place },
      () => `${proofStory(proof, trigger)}evidence: ${place}\n`,
    );
    return exitCodes[proof.verdict.kind];
  },
};

const exitCodes = {
  closed: ExitCode.success,
  "not-closed": ExitCode.notClosed,
  "not-shown": ExitCode.notShown,
} as const;

/** Follows links, and writes into a device or a pipe. @throws ProveError prove/cannot-keep */
async function keepEvidence(place: string, text: string, verdict: string): Promise<void> {
  const { writeFileAtomically } = await import("../../builder/write-file.ts");
  try {
    await writeFileAtomically(place, Buffer.from(text));
  } catch (cause) {
    if (!(cause instanceof XspliceError)) throw cause;
    const { ProveError } = await import("../../prove/errors.ts");
    throw new ProveError(
      {
        code: "prove/cannot-keep",
        problem: `Cannot keep the evidence of "${verdict}": ${cause.report.problem}`,
        remedy: "name another place, with --proof",
      },
      { cause },
    );
  }
}

/** Somebody who names a host may believe that it is asked: nothing is attacked but labs of our own. */
function refuseOtherHosts({ options }: CommandCall): void {
  const host = options.text("host");
  if (host === undefined) return;
  throw new UsageError({
    code: "usage/bad-value",
    problem: `Cannot attack "${host}": a trigger can take a hypervisor down, with all that runs on it`,
    where: "--host",
    expected: "no host at all: prove starts labs of its own, with the hypervisor that --xen names",
    remedy:
      "for the hypervisor of that host, give its image and symbols: --xen FILE --xen-syms FILE",
  });
}

async function readPayloads({ options, io }: CommandCall): Promise<readonly NamedPayload[]> {
  const named: NamedPayload[] = [];
  for (const path of options.texts("payload")) {
    const name = payloadNameOf(path);
    checkPayloadName(name);
    if (named.some((other) => other.name === name)) {
      throw new UsageError({
        code: "usage/bad-value",
        problem: `Cannot apply two payloads of the name "${name}"`,
        where: "--payload",
        remedy: "rename one of the files",
      });
    }
    named.push({ name, path, ...(await readPayload(path, io.signal)) });
  }
  return named;
}

function proofPlace([first]: readonly NamedPayload[]): string {
  return join(dirname(first?.path ?? "."), `${first?.name}.proof.json`);
}
