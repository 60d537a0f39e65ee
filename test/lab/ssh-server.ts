// An ssh server in a lab's dom0 that is reached through the lab's own channel, so that no network
// of this machine is needed: ssh runs `xsplice lab exec` in place of a connection.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Lab } from "../../src/lab/lab.ts";
import { withOwnLibraries } from "../../src/lab/own-libraries.ts";
import { fetchParts } from "../../src/parts/fetch.ts";
import { requirePart } from "../../src/parts/parts.ts";
import { planParts } from "../../src/parts/plan.ts";

export interface SshWay {
  /** Program and first arguments in place of `ssh`. */
  readonly command: readonly string[];
  /** A destination that only this way knows. */
  readonly destination: string;
  /** Of ssh. */
  readonly config: string;
  remove(): void;
}

const cli = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

/** In dom0. */
const SERVER = ["127.0.0.1", "22"];

/** A key that lets root in; prints its private half as ssh wants it. */
const MAKE_KEY = `
mkdir -p -m 700 /root/.ssh /etc/dropbear
dropbearkey -t ed25519 -f /root/key 2>&1 | grep '^ssh-' >/root/.ssh/authorized_keys
dropbearconvert dropbear openssh /root/key /root/key.openssh 2>/dev/null
cat /root/key.openssh
rm /root/key /root/key.openssh
`;

/** Sets the server up and writes a configuration for ssh that leads to it. */
export async function openSshWay(lab: Lab, destination = "dom0.lab"): Promise<SshWay> {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-ssh-way-"));
  const key = join(folder, "key");
  writeFileSync(key, await inDom0(lab, MAKE_KEY), { mode: 0o600 });
  // Its inetd mode wants a socket where the agent gives pipes: so nc carries the bytes to a port.
  // It starts itself anew for each connection, then without the loader that the lab gave it.
  const folders = ["lib", "usr/lib"].map((path) => `/opt/ssh-server/${path}/x86_64-linux-gnu`);
  const libraries = `LD_LIBRARY_PATH=${folders.join(":")}`;
  await inDom0(lab, `${libraries} dropbear -R -s -p ${SERVER.join(":")}`);
  const proxy = [process.execPath, cli, "lab", "exec", lab.info.name, "--", "nc", ...SERVER];
  writeFileSync(
    join(folder, "config"),
    `Host ${destination}
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
    command: [...(await findSsh()), "-F", join(folder, "config")],
    destination,
    config: join(folder, "config"),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** The machine's own, or Debian's with the libraries that it came with. */
async function findSsh(): Promise<readonly string[]> {
  await fetchParts(await planParts(["ssh-client"]));
  const part = requirePart("ssh-client");
  return part.kind === "provided" ? [part.program] : withOwnLibraries(part.root, "usr/bin/ssh");
}

async function inDom0(lab: Lab, script: string): Promise<Uint8Array> {
  const { exitCode, stdout, stderr } = await lab.exec(["sh", "-c", script]);
  assert.equal(exitCode, 0, stderr.toString());
  return stdout;
}
