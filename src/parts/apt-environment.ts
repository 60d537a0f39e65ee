// What apt goes by when it works for us. The machine's own configuration may switch its verification
// off: APT::Get::AllowUnauthenticated, Acquire::AllowInsecureRepositories, an APT_CONFIG somewhere
// else. So it reads a configuration of ours alone, which has of the machine's what leads to the mirror.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProcess } from "./run-process.ts";

/** Read before any other: it says that there is no other. */
const alone = ["main", "parts"].map((name) => `Dir::Etc::${name} "/dev/null";`);

/** Defaults of apt; said again for those who look here for them. */
const verification = [
  "APT::Get::AllowUnauthenticated",
  "Acquire::AllowInsecureRepositories",
  "Acquire::AllowWeakRepositories",
  "Acquire::AllowDowngradeToInsecureRepositories",
].map((name) => `${name} "false";`);

/** Proxies, and whom to trust and who to be on the way to a mirror by https; a network with one IP alone. */
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
