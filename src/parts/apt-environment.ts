// The configuration for our calls of apt. The machine's own configuration may disable its verification:
// APT::Get::AllowUnauthenticated, Acquire::AllowInsecureRepositories, an APT_CONFIG elsewhere. So apt
// reads only a configuration of ours, which copies from the machine's what is needed to reach the
// mirror.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProcess } from "./run-process.ts";

/** Read before any other configuration: it disables all others. */
const alone = ["main", "parts"].map((name) => `Dir::Etc::${name} "/dev/null";`);

/** Defaults of apt, repeated here to make them visible. */
const verification = [
  "APT::Get::AllowUnauthenticated",
  "Acquire::AllowInsecureRepositories",
  "Acquire::AllowWeakRepositories",
  "Acquire::AllowDowngradeToInsecureRepositories",
].map((name) => `${name} "false";`);

/** Proxies, and the certificates for a mirror by https; networks with only one version of IP. */
const leadsToMirror = [
  /^Acquire::[a-z+]+::(\S+::)?(Proxy(-?Auto-?Detect)?(::\S+)?|CAInfo|CAPath|CRLFile|SslCert|SslKey) "[^"]*";$/i,
  /^Acquire::ForceIPv[46] "[^"]*";$/i,
];

/** The environment of apt's programs; the configuration is written into `folder`. */
export async function aptEnvironment(
  folder: string,
  signal: AbortSignal | undefined,
): Promise<NodeJS.ProcessEnv> {
  const machine = await runProcess(["apt-config", "dump"], { signal });
  const lines = machine.stdout.split("\n");
  const way = lines.filter((line) => leadsToMirror.some((form) => form.test(line)));
  const path = join(folder, "apt.conf");
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, `${[...alone, ...way, ...verification].join("\n")}\n`);
  return { ...process.env, APT_CONFIG: path, LC_ALL: "C" };
}
