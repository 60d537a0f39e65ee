import { requireBootStore } from "../boot-store.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { CommandSpec } from "../spec.ts";
import { withHost } from "../with-host.ts";

export const bootDisableCommand: CommandSpec = {
  name: "disable",
  summary: "have the host apply nothing after a reboot",
  description: [
    "Removes the script and its units. What is applied stays applied. What was kept stays in /var/lib/xsplice/boot, so that enabling it again finds it.",
  ],
  arguments: [],
  options: [],
  examples: [{ command: "xsplice boot disable", explains: "the next boot applies nothing" }],
  kind: "own",
  run: (call) =>
    withHost(call, async (host, options) => {
      await requireBootStore(host).disable(options);
      emit(
        call,
        "boot disable",
        { service: "off" },
        () => `${host.label} applies nothing after a reboot\n`,
      );
      return ExitCode.success;
    }),
};
