import type { HostInfo } from "../../host/host.ts";
import { DOCUMENT_VERSION, emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { TopCommand } from "../spec.ts";
import { renderFacts } from "../text/render-facts.ts";
import { withHost } from "../with-host.ts";

export const infoCommand: TopCommand = {
  name: "info",
  description: [
    "The build-id identifies one build of the hypervisor; a payload fits only the build that it was made for.",
  ],
  arguments: [],
  options: [],
  examples: [
    { command: "xsplice info", explains: "the hypervisor under this dom0" },
    { command: "xsplice --host lab:trial info --json", explains: "that of a lab, for a script" },
  ],
  kind: "own",
  run: (call) =>
    withHost(call, async (host, options) => {
      const info = await host.info(options);
      const value = {
        documentVersion: DOCUMENT_VERSION,
        host: host.label,
        ...info,
        capabilities: host.capabilities,
      };
      emit(call, "info", value, () => renderInfo(host.label, info));
      return ExitCode.success;
    }),
};

export function xenVersion({ major, minor, extra }: HostInfo["version"]): string {
  return `${major}.${minor}${extra}`;
}

function renderInfo(label: string, info: HostInfo): string {
  return renderFacts([
    ["host", label],
    ["Xen", xenVersion(info.version)],
    ["build-id", info.buildId ?? "none: this hypervisor was linked without one"],
    ["compiler", info.compiler],
    ["compiled", info.compiledAt],
    ["machine", info.architecture],
    ["boot id", info.bootId],
  ]);
}
