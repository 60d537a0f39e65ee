// The options that every command takes, before or after its name.

import type { CommandIo } from "../io.ts";
import type { OptionSpec } from "../option-spec.ts";
import type { OptionValues } from "../option-values.ts";
import type { GlobalOptions } from "../spec.ts";
import { UsageError } from "../usage-error.ts";

const TIMEOUT_DEFAULT_S = 30;

export const globalOptionSpecs: readonly OptionSpec[] = [
  {
    name: "host",
    value: "HOST",
    description:
      "the hypervisor: local (this dom0), lab or lab:NAME, ssh:USER@HOST; the default is $XSPLICE_HOST, else local",
    completes: "host",
  },
  {
    name: "sudo",
    description:
      "become root on an ssh host by sudo, without a password; the same as ssh+sudo:USER@HOST",
  },
  { name: "json", description: "print one JSON document instead of text, errors too" },
  {
    name: "timeout",
    value: "SECONDS",
    description: "time limit of one request to the host, including retries",
    default: `${TIMEOUT_DEFAULT_S}`,
  },
  {
    name: "quiet",
    description:
      "on standard error nothing but warnings and errors; nothing is asked, so that --yes has to be given",
    excludes: [{ option: "verbose", because: "one says less and the other more" }],
  },
  {
    name: "verbose",
    description: "tell each request to the host on standard error, with its time",
  },
  {
    name: "force",
    description: "accepted before the command, for compatibility with xen-livepatch; has no effect",
  },
];

/** @throws UsageError on a time limit that is not a positive number */
export function readGlobalOptions(options: OptionValues, env: CommandIo["env"]): GlobalOptions {
  const host = options.text("host") ?? (env["XSPLICE_HOST"] || "local");
  return {
    host: options.has("sudo") ? withSudo(host) : host,
    output: options.has("json") ? "json" : "text",
    deadlineMs: readSeconds(options.text("timeout")) * 1000,
  };
}

function withSudo(host: string): string {
  if (host.startsWith("ssh+sudo:")) return host;
  if (host.startsWith("ssh:")) return host.replace("ssh:", "ssh+sudo:");
  throw new UsageError({
    code: "usage/bad-value",
    problem: `Cannot use sudo on "${host}": it is not reached by ssh`,
    where: "--sudo",
    expected: "--host ssh:USER@HOST",
    remedy: "on this dom0, run xsplice itself by sudo",
  });
}

function readSeconds(text: string | undefined): number {
  if (text === undefined) return TIMEOUT_DEFAULT_S;
  const seconds = Number(text);
  if (text.trim() !== "" && Number.isFinite(seconds) && seconds > 0) return seconds;
  throw new UsageError({
    code: "usage/bad-value",
    problem: `Cannot use "${text}" as a time limit: it is not a positive number`,
    where: "--timeout",
    expected: "seconds, such as 30 or 0.5",
  });
}
