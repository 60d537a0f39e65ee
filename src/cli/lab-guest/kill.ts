import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { CommandSpec } from "../spec.ts";
import { UsageError } from "../usage-error.ts";
import { HELD } from "./words.ts";

export const labGuestKillCommand: CommandSpec = {
  name: "kill",
  summary: "destroy a virtual machine of a lab",
  description: [
    "Only one that xsplice lab guest has started. Returns when nothing of it is left, or says what keeps it.",
  ],
  arguments: [{ name: "NUMBER", description: "as xsplice lab guest list shows it", count: "one" }],
  options: [{ name: "lab", value: "NAME", description: "the lab; optional if only one is up" }],
  examples: [{ command: "xsplice lab guest kill 1 --lab trial", explains: "the first one" }],
  kind: "own",
  run: async (call) => {
    const domain = readNumber(call.args[0] ?? "");
    const { connectLab } = await import("../../lab/detached.ts");
    const { findGuest } = await import("../../guest/toolstack-guest.ts");
    const { signal } = call.io;
    const timeoutMs = call.globals.deadlineMs;
    await using lab = await connectLab(call.options.text("lab"), { signal, timeoutMs });
    const guest = await findGuest(lab, domain);
    const remains = await guest.destroy();
    emit(call, "lab guest kill", { lab: lab.info.name, killed: domain, remains }, () =>
      remains === "none"
        ? `guest ${domain} is gone\n`
        : `guest ${domain} runs no more, and its number stays: ${HELD}\n`,
    );
    return ExitCode.success;
  },
};

/** Numbers from 0x7ff0 on mean no single virtual machine. */
const DOMAIN_MAX = 0x7fef;

function readNumber(text: string): number {
  const domain = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (1 <= domain && domain <= DOMAIN_MAX) return domain;
  throw new UsageError({
    code: "usage/bad-value",
    problem: `Cannot kill guest "${text}": that is no number of a guest`,
    expected: `1 to ${DOMAIN_MAX}; 0 is dom0`,
  });
}
