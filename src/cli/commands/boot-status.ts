import { requireBootStore } from "../boot-store.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { CommandSpec } from "../spec.ts";
import { renderBootStatus } from "../text/boot-status.ts";
import { withHost } from "../with-host.ts";

export const bootStatusCommand: CommandSpec = {
  name: "status",
  summary: "show what the next boot will apply, and what the last one did",
  description: [
    "Compares what is kept with what is applied now, and lists what was set aside after a crash, what the last boot could not apply, and what is kept for other builds of the hypervisor.",
  ],
  arguments: [],
  options: [],
  examples: [
    { command: "xsplice boot status", explains: "of this dom0" },
    {
      command: "xsplice --host ssh:root@dom0 boot status --json",
      explains: "of another one, for a script",
    },
  ],
  kind: "own",
  run: (call) =>
    withHost(call, async (host, options) => {
      const [report, info, list, { bootStatusOf }] = await Promise.all([
        requireBootStore(host).report(options),
        host.info(options),
        host.list(options),
        import("../../boot/status.ts"),
      ]);
      const status = bootStatusOf(report, info, list);
      emit(call, "boot status", status, () => renderBootStatus(status, host.label));
      return status.troubles.length === 0 ? ExitCode.success : ExitCode.incomplete;
    }),
};
