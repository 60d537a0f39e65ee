import type { GuestRun } from "../../guest/run-guest.ts";
import type { Lab } from "../../lab/lab.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { readLabOptions, x86LabOptions } from "../options/lab.ts";
import type { CommandCall, CommandSpec } from "../spec.ts";
import { progressLine } from "../text/progress.ts";
import {
  guestArgument,
  guestOptions,
  readGuestKind,
  readGuestOptions,
  readGuestProgram,
} from "./options.ts";
import { consoleOfOutcome, HELD, wordsOfOutcome } from "./words.ts";

export const labGuestRunCommand: CommandSpec = {
  name: "run",
  summary: "run a virtual machine in a lab until it ends",
  description: [
    "Creates the guest, prints what it prints, tells how it ended, and destroys it. Without --lab, in a fresh lab of its own, which ends with it: a guest may take the whole hypervisor down. --timeout is how long it may run.",
  ],
  arguments: [guestArgument],
  options: [
    {
      name: "lab",
      value: "NAME",
      description: "in a lab that runs already",
      excludes: x86LabOptions.map(({ name }) => ({
        option: name,
        because: "the lab runs already, as it was started",
      })),
    },
    ...guestOptions,
    { name: "until", value: "TEXT", description: "destroy it as soon as it has printed this" },
    ...x86LabOptions,
  ],
  examples: [
    {
      command: "xsplice lab guest run hello.c",
      explains: "a guest of one C file, on Xen 4.17",
    },
    {
      command: "xsplice lab guest run --xen 4.20 --viridian synic,stimer --bits 64 timer.c",
      explains: "on 4.20, with synthetic timers, in 64-bit mode",
    },
    {
      command: "xsplice lab guest run --kind pvh hello.c",
      explains: "by Xen's own toolstack, in a dom0 that has it",
    },
  ],
  kind: "own",
  run: async (call) => {
    const program = await readGuestProgram(call); // First: a mistake in it needs no lab.
    const guest = readGuestOptions(call);
    await using lab = await openLabOf(call);
    const { runGuest } = await import("../../guest/run-guest.ts");
    const isText = call.globals.output === "text";
    const run = await runGuest(lab, program, {
      ...guest,
      timeoutMs: call.globals.deadlineMs,
      until: call.options.text("until"),
      signal: call.io.signal,
      ...(isText ? { onText: (text: string) => void call.io.stdout.write(text) } : {}),
    });
    show(call, run);
    const { outcome } = run;
    const wentWell = outcome.kind === "said" || (outcome.kind === "ended" && !outcome.exitCode);
    return wentWell ? ExitCode.success : ExitCode.guestFailed;
  },
};

async function openLabOf(call: CommandCall): Promise<Lab> {
  const name = call.options.text("lab");
  if (name !== undefined) {
    const { connectLab } = await import("../../lab/detached.ts");
    return await connectLab(name, { signal: call.io.signal, timeoutMs: call.globals.deadlineMs });
  }
  const progress = progressLine(call.io);
  const { openLab } = await import("../../lab/open-lab.ts");
  const options = await readLabOptions(call, progress);
  const needsTools = readGuestKind(call) !== "hvm" && options.userland === "minimal";
  const lab = await openLab(needsTools ? { ...options, userland: "stock" } : options);
  progress.end();
  return lab;
}

/** The guest's own words are on standard output already. */
function show(call: CommandCall, run: GuestRun): void {
  const { output, lostBytes, console, elapsedMs, outcome, remains } = run;
  if (call.globals.output === "json") {
    emit(
      call,
      "lab guest run",
      { outcome, output, lostBytes, console, elapsedMs, remains },
      () => "",
    );
    return;
  }
  const { stderr } = call.io;
  if (output !== "" && !output.endsWith("\n")) call.io.stdout.write("\n");
  if (lostBytes > 0) stderr.write(`${lostBytes} bytes of its output came too fast and are lost\n`);
  const text = consoleOfOutcome(run);
  if (text !== "") stderr.write(`${text.replaceAll("\r", "").trimEnd()}\n`);
  stderr.write(`${wordsOfOutcome(run)}\n`);
  if (remains === "held") stderr.write(`its number stays: ${HELD}\n`);
}
