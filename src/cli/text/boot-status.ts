// `xsplice boot status` as text.

import type { BootStatus, BootTrouble, KeptLine } from "../../boot/status.ts";

export function renderBootStatus(status: BootStatus, label: string): string {
  const { kept, otherHypervisors, quarantined, troubles } = status;
  return [
    services[status.service].replace("HOST", label),
    ...(kept.length === 0 ? ["kept for the hypervisor that runs: nothing"] : []),
    ...kept.map((line) => keptLine(line, status)),
    ...quarantined.map(({ name, why }) => `set aside: ${name}, ${reasons[why]}`),
    ...otherHypervisors.map((id) => `kept for another hypervisor, and left alone: ${id}`),
    ...troubles.map((trouble) => `attention: ${troubleLine(trouble)}`),
    "",
  ].join("\n");
}

const services: Readonly<Record<BootStatus["service"], string>> = {
  systemd: "HOST applies after a reboot what is applied before it (xsplice-boot.service)",
  manual: "HOST applies after a reboot what is applied before it, if somebody starts the script",
  disabled: "HOST applies nothing after a reboot: somebody disabled xsplice-boot.service",
  off: "HOST applies nothing after a reboot",
};

const reasons = {
  applying: "since the host crashed while it was being applied",
  young: "since the host went down without a shutdown soon after it was applied",
};

function keptLine(
  { name, isApplied, youngSeconds }: KeptLine,
  { settleSeconds }: BootStatus,
): string {
  const state = isApplied ? "applied" : "not applied now";
  const age =
    youngSeconds === undefined
      ? ""
      : `, for ${youngSeconds} of the ${settleSeconds ?? "?"} seconds after which it counts as safe`;
  return `kept: ${name} (${state}${age})`;
}

function troubleLine(trouble: BootTrouble): string {
  switch (trouble.kind) {
    case "off":
      return "xsplice boot enable turns it on";
    case "disabled":
      return "systemctl enable xsplice-boot.service turns it on";
    case "turned-off":
      return "xsplice.boot=off is on the command line of dom0's kernel: the next boot applies nothing while it is there";
    case "other-script":
      return "the installed script is of another release of xSplice; xsplice boot enable installs this one";
    case "other-format":
      return "what is kept has the format of another release of xSplice";
    case "not-applied":
      return `"${trouble.name}" is kept and not applied now`;
    case "not-kept":
      return `"${trouble.name}" is applied and not kept; xsplice boot enable --payload FILE keeps it`;
    case "no-file":
      return `the file of "${trouble.name}" is not known: the next boot applies neither it nor what is above it`;
    case "quarantined":
      return `find out why the host went down; then xsplice boot release "${trouble.name}"`;
    case "missing":
      return `the last boot did not apply "${trouble.name}": ${trouble.why}`;
    case "ended":
      return endings[trouble.ending ?? "killed"] ?? `the script ended with ${trouble.ending}`;
  }
}

/** Of share/boot/start.sh. */
const endings: Readonly<Record<string, string>> = {
  killed: "the script was killed at the last boot; run it again by hand",
  "no-room": "the script could not write to /var/lib/xsplice, and applied nothing",
  "no-hypervisor": "the script found no build-id of the hypervisor, and applied nothing",
  "no-tool": "the script found no xen-livepatch that works, and applied nothing",
  "other-format": "what is kept has the format of another release; the script applied nothing",
  "other-hypervisor":
    "nothing is kept for the hypervisor that runs: it has another build-id than before the reboot",
};
