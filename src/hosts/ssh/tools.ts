// Which tools a host reached by ssh has: the probe that selects how it is driven.

import { HostError } from "../../host/errors.ts";
import type { Deadline } from "../deadline.ts";
import type { SshConnection } from "./connection.ts";

export interface RemoteTools {
  /** Can be run there and reaches the hypervisor. */
  readonly xsplice: boolean;
  readonly xenLivepatch: boolean;
  /** The output of `xl dmesg`; `undefined` where it does not work. */
  readonly ring: string | undefined;
  /** The stock tool is of 4.14 or later: it has `--nodeps`, and lists metadata. */
  readonly nodeps: boolean;
}

/**
 * Put before every script: dom0's tools are in sbin directories, which a non-login shell may not
 * search, or in those of the installed Xen releases.
 */
export const REMOTE_PRELUDE = `
LC_ALL=C PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL PATH
for folder in /usr/lib/xen/bin /usr/libexec/xen/bin /usr/lib/xen-*/bin
do [ -x "$folder/xen-livepatch" ] && PATH=$PATH:$folder
done
`;

const PROBE_SCRIPT = `${REMOTE_PRELUDE}
command -v xen-livepatch >/dev/null && {
  echo "has xen-livepatch"
  xen-livepatch help 2>&1 | grep -q -e --nodeps && echo "has nodeps"
}
command -v xsplice >/dev/null && xsplice --host local --json info >/dev/null 2>&1 &&
  echo "has xsplice"
echo "ring"
xl dmesg 2>/dev/null
exit 0
`;

const RING = "\nring\n";

/** @throws HostError host/unsupported when no tool for live patching is installed */
export async function probeTools(
  connection: SshConnection,
  deadline: Deadline,
): Promise<RemoteTools> {
  const remote = { task: "look for Xen's tools", script: PROBE_SCRIPT };
  const { stdout } = await connection.run(remote, deadline);
  const [found = "", ...rest] = `\n${stdout}`.split(RING);
  const has = (what: string): boolean => found.split("\n").includes(`has ${what}`);
  const ring = rest.join(RING);
  const tools = {
    xsplice: has("xsplice"),
    xenLivepatch: has("xen-livepatch"),
    nodeps: has("nodeps"),
    ring: ring === "" ? undefined : ring,
  };
  if (tools.xsplice || tools.xenLivepatch) return tools;
  throw new HostError({
    code: "host/unsupported",
    problem: `Cannot patch ${connection.label}: there is neither xen-livepatch nor xsplice`,
    where: "in the PATH of a non-interactive shell there",
    expected: "a Xen dom0 with Xen's tools",
    remedy: "install them there (Debian: `apt install xen-utils`), or check the host's name",
  });
}
