import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { CommandSpec } from "../spec.ts";

export const labGuestListCommand: CommandSpec = {
  name: "list",
  summary: "list the virtual machines of a lab",
  description: [
    "Those that xsplice lab guest started, and those of others, with their memory, the processor time that they took, and how far a counting one has counted.",
  ],
  arguments: [],
  options: [{ name: "lab", value: "NAME", description: "the lab; optional if only one is up" }],
  examples: [{ command: "xsplice lab guest list --lab trial", explains: "what runs in it" }],
  kind: "own",
  run: async (call) => {
    const { connectLab } = await import("../../lab/detached.ts");
    const { listGuests } = await import("../../guest/list-guests.ts");
    const { signal } = call.io;
    const timeoutMs = call.globals.deadlineMs;
    await using lab = await connectLab(call.options.text("lab"), { signal, timeoutMs });
    const guests = await listGuests(lab);
    emit(call, "lab guest list", { lab: lab.info.name, guests }, () =>
      guests
        .map(({ guest, state, isOurs, memoryMb, cpuSeconds, count }) => {
          const counted = count === undefined || count === 0 ? "" : `  counted to ${count}`;
          const whose = isOurs ? "" : "  (somebody else's)";
          return `${guest}  ${state.padEnd(8)} ${memoryMb} MB  ${cpuSeconds.toFixed(1)} s${counted}${whose}\n`;
        })
        .join(""),
    );
    return ExitCode.success;
  },
};
