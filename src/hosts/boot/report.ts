// The lines that share/boot/manage.sh prints for `report`, as data. What no release of ours writes is passed
// over: the script on the host may be of another one.

import type { BootReport, KeptList, LastBoot, QuarantinedPayload } from "../../host/boot-store.ts";

const services = ["off", "disabled", "manual", "systemd"] as const;

/** @param scriptSha256 of the script that this release installs */
export function parseBootReport(text: string, scriptSha256: string): BootReport {
  const lines = text.split("\n");
  const one = (word: string) => after(lines, word).at(0);
  const script = one("script");
  const settle = one("settle") ?? "";
  return {
    bootId: one("boot") ?? "",
    service: services.find((service) => service === one("service")) ?? "off",
    turnedOff: one("command-line") === "off",
    script: script === undefined ? "none" : script === scriptSha256 ? "current" : "other",
    settleSeconds: /^\d+$/.test(settle) ? Number(settle) : undefined,
    lists: listsOf(lines),
    young: after(lines, "young").map((line) => {
      const [, seconds, name] = words(line, 2);
      return { name, seconds: Number(seconds) };
    }),
    quarantined: after(lines, "quarantine").map(quarantinedOf),
    last: lastOf(after(lines, "last")),
  };
}

function listsOf(lines: readonly string[]): readonly KeptList[] {
  return after(lines, "format").map((line) => {
    const [xenBuildId, format] = words(line, 1);
    if (format !== "xsplice-boot 1") return { xenBuildId, payloads: undefined };
    const payloads = after(lines, `list ${xenBuildId}`).map((entry) => {
      const [sha256, , name] = words(entry, 2);
      return { name, sha256: sha256 === "unknown" ? undefined : sha256 };
    });
    return { xenBuildId, payloads };
  });
}

function quarantinedOf(line: string): QuarantinedPayload {
  const [sha256, why, name] = words(line, 2);
  return { sha256, name, why: why === "applying" ? "applying" : "young" };
}

function lastOf(lines: readonly string[]): LastBoot | undefined {
  const bootId = after(lines, "boot").at(0);
  if (bootId === undefined) return undefined;
  const missing = after(lines, "missing").map((line) => {
    // A name may have a colon; the reasons of the script have none before theirs.
    const [, name = line, why = ""] = /^(.*?): (.*)$/.exec(line) ?? [];
    return { name, why: why.trim() };
  });
  return { bootId, ending: after(lines, "end").at(0), applied: after(lines, "applied"), missing };
}

function after(lines: readonly string[], word: string): readonly string[] {
  const start = `${word} `;
  return lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length));
}

/** The first `count` words, each of them one line's own, then the rest. */
function words(line: string, count: 1): readonly [string, string];
function words(line: string, count: 2): readonly [string, string, string];
function words(line: string, count: number): readonly string[] {
  const parts = line.split(" ");
  const first = Array.from({ length: count }, (_, index) => parts[index] ?? "");
  return [...first, parts.slice(count).join(" ")];
}
