import type { Guest } from "../../guest/guest.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { CommandSpec } from "../spec.ts";
import { guestArgument, guestOptions, readGuestOptions, readGuestProgram } from "./options.ts";

export const labGuestStartCommand: CommandSpec = {
  name: "start",
  summary: "start a virtual machine that keeps running in a lab",
  description: [
    "It runs until xsplice lab guest kill NUMBER, until it ends by itself, or until its lab does.",
  ],
  arguments: [guestArgument],
  options: [
    { name: "lab", value: "NAME", description: "the lab; optional if only one is up" },
    ...guestOptions,
  ],
  examples: [
    {
      command: "xsplice lab guest start --lab trial share/guest/counter.c",
      explains: "one that counts; xsplice lab guest list shows how far it is",
    },
  ],
  kind: "own",
  run: async (call) => {
    const program = await readGuestProgram(call);
    const options = readGuestOptions(call);
    const { connectLab } = await import("../../lab/detached.ts");
    const { startGuest } = await import("../../guest/toolstack-guest.ts");
    const { signal } = call.io;
    const timeoutMs = call.globals.deadlineMs;
    await using lab = await connectLab(call.options.text("lab"), { signal, timeoutMs });
    const guest = await startGuest(lab, program, options);
    await keepUnless(signal, guest);
    const { domain } = guest;
    const { name } = lab.info;
    emit(call, "lab guest start", { lab: name, guest: domain }, () =>
      [
        `guest ${domain} runs in ${name}`,
        `  see it:    xsplice lab guest list --lab ${name}`,
        `  end it:    xsplice lab guest kill ${domain} --lab ${name}`,
        "",
      ].join("\n"),
    );
    return ExitCode.success;
  },
};

/** ^C that came while it started means that it is not wanted. */
async function keepUnless(signal: AbortSignal, guest: Guest): Promise<void> {
  if (signal.aborted) await guest.destroy();
  signal.throwIfAborted();
  await guest.keep();
}
