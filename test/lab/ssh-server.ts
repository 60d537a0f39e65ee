// An ssh server in a lab's dom0 that is reached through the lab's own channel, so that no network
// of this machine is needed: ssh runs `xsplice lab exec` in place of a connection.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ExecOptions } from "../../src/agent/exec.ts";
import type { Lab } from "../../src/lab/lab.ts";

export interface SshWay {
  /** Program and first arguments in place of `ssh`. */
  readonly command: readonly string[];
  /** A destination that only this way knows. */
  readonly destination: string;
  remove(): void;
}

const cli = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

/** In dom0. */
const SERVER = ["127.0.0.1", "22"];

/** Sets the server up and writes a configuration for ssh that leads to it. */
export async function openSshWay(lab: Lab): Promise<SshWay> {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-ssh-way-"));
  const key = join(folder, "key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  await inDom0(lab, "mkdir -p -m 700 /root/.ssh /etc/dropbear && cat >/root/.ssh/authorized_keys", {
    stdin: readFileSync(`${key}.pub`),
  });
  // Its inetd mode wants a socket where the agent gives pipes: so nc carries the bytes to a port.
  // It starts itself anew for each connection, then without the loader that the lab gave it.
  const folders = ["lib", "usr/lib"].map((path) => `/opt/ssh-server/${path}/x86_64-linux-gnu`);
  const libraries = `LD_LIBRARY_PATH=${folders.join(":")}`;
  await inDom0(lab, `${libraries} dropbear -R -s -p ${SERVER.join(":")}`);
  const proxy = [process.execPath, cli, "lab", "exec", lab.info.name, "--", "nc", ...SERVER];
  writeFileSync(
    join(folder, "config"),
    `Host dom0.lab
  User root
  IdentityFile ${key}
  IdentitiesOnly yes
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
  ProxyCommand ${proxy.join(" ")}
`,
  );
  return {
    command: ["ssh", "-F", join(folder, "config")],
    destination: "dom0.lab",
    remove: () => rmSync(folder, { recursive: true }),
  };
}

async function inDom0(lab: Lab, script: string, options: ExecOptions = {}): Promise<void> {
  const { exitCode, stderr } = await lab.exec(["sh", "-c", script], options);
  assert.equal(exitCode, 0, stderr.toString());
}
