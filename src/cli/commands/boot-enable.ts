import { requireBootStore } from "../boot-store.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { readGivenPayloads } from "../options/given-payloads.ts";
import { policingOf } from "../policy/policing.ts";
import type { CommandSpec } from "../spec.ts";
import { renderMissing } from "../text/kept.ts";
import { withHost } from "../with-host.ts";

/** Long enough for guests to start and for daily work to begin. */
const SETTLE_SECONDS = 600;
const DAY_SECONDS = 86_400;

export const bootEnableCommand: CommandSpec = {
  name: "enable",
  summary: "have the host apply after a reboot what is applied now",
  description: [
    "Installs the script, and units for systemd, and keeps what is applied. From then on every command that changes the host keeps its result as well. Run it again after an update of xSplice, to install the script of that release.",
    "Xen does not give a payload's file back. Of payloads that were uploaded before this command, or by other tools, give the files with --payload.",
  ],
  arguments: [],
  options: [
    {
      name: "payload",
      value: "FILE",
      valueCount: "many",
      repeatable: "yes",
      description: "files of payloads that are applied now",
      completes: "file",
    },
    {
      name: "settle",
      value: "SECONDS",
      description:
        "a payload that has been applied for this long without a crash is not set aside after one",
      range: { min: 1, max: DAY_SECONDS },
      default: String(SETTLE_SECONDS),
    },
  ],
  examples: [
    {
      command: "xsplice boot enable --payload fix.livepatch",
      explains: "fix is applied, and shall be after a reboot",
    },
    {
      command: "xsplice --host ssh:root@dom0 boot enable",
      explains: "on a host where nothing is applied yet",
    },
  ],
  kind: "own",
  run: async (call) => {
    const files = await readGivenPayloads(call.options.texts("payload"), call.io.signal);
    const { keepForBoot } = await import("../../boot/keeper.ts");
    return withHost(call, async (host, options) => {
      const store = requireBootStore(host);
      await policingOf(call).permit(host, files, options);
      const settleSeconds = call.options.number("settle") ?? SETTLE_SECONDS;
      const service = await store.enable(settleSeconds, options);
      const kept = await keepForBoot(host, files, options);
      const missing = kept ?? { order: "known", unknown: [], quarantined: [] };
      const { BOOT_SCRIPT } = await import("../../hosts/boot/script-text.ts");
      emit(call, "boot enable", { service, settleSeconds, ...missing }, () =>
        [
          `${host.label} applies after a reboot what is applied before it\n`,
          ...(service === "manual"
            ? [`There is no systemd: run "sh ${BOOT_SCRIPT} start" before guests start\n`]
            : []),
          ...(kept === undefined
            ? ["The hypervisor has no build-id: nothing can be kept for it\n"]
            : []),
          ...renderMissing(missing).map((line) => `${line}\n`),
        ].join(""),
      );
      const isWhole = kept !== undefined && renderMissing(kept).length === 0;
      return isWhole ? ExitCode.success : ExitCode.incomplete;
    });
  },
};
