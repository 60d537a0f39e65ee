// A dom0 for the scripts of share/boot/: directories of this machine, a boot id and an uptime of the test's, and
// programs that behave as Xen's own do, as far as the scripts look. Files outlive a reboot, payloads do not.

import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunScript } from "../remote-script.ts";
import { bootScript } from "./script-text.ts";
import { ScriptBootStore } from "./store.ts";

export const call = { deadlineMs: 60_000 };

/**
 * Lists as xen-livepatch does. A file that says "refuse" is refused when it is uploaded, one that says "crash"
 * takes the host down when it is applied, one that says "busy" misses two rendezvous.
 */
const XEN_LIVEPATCH = `#!/bin/sh
state=$FAKE/payloads
touch "$state"
case $1 in
list)
  [ -s "$state" ] || { echo "Nothing to list"; exit 0; }
  echo " ID                                     | status     | metadata"
  echo "----------------------------------------+------------+---------------"
  while IFS='|' read -r name status; do printf '%-40s| %-10s|\\n' "$name" "$status"; done <"$state" ;;
upload)
  grep -qx refuse "$3" && { echo "failed with 22(Invalid argument)" >&2; exit 1; }
  cp "$3" "$FAKE/file-$2"
  echo "$2|CHECKED" >>"$state" ;;
apply)
  grep -qx crash "$FAKE/file-$2" && { : >"$FAKE/crashed"; kill -9 0; }
  if grep -qx busy "$FAKE/file-$2" && [ "$(wc -l <"$FAKE/misses" 2>/dev/null || echo 0)" -lt 2 ]; then
    echo miss >>"$FAKE/misses"
    sed -i "s/^$2|.*/$2|CHECKED (-16, Device or resource busy)/" "$state"
    exit 1
  fi
  echo "$2 $3" >>"$FAKE/applies"
  sed -i "s/^$2|.*/$2|APPLIED/" "$state" ;;
unload) sed -i "/^$2|/d" "$state" ;;
esac
`;

/** Kills everything of the script at the chosen call. */
const KILLS = `echo call >>"$FAKE/calls"
[ "$(wc -l <"$FAKE/calls")" = "$KILL_AT" ] && kill -9 0
`;

/** Keeps what it is told; a system that is not being shut down. */
const SYSTEMCTL = `#!/bin/sh
echo "$*" >>"$FAKE/systemctl"
case $1 in
is-system-running) echo "$FAKE_SYSTEM" ;;
is-enabled) exit 0 ;;
esac
`;

export class FakeDom0 {
  readonly folder = mkdtempSync(join(tmpdir(), "xsplice-boot-"));
  readonly store = join(this.folder, "store");
  readonly boot: ScriptBootStore;
  buildId = "ab".repeat(20);
  commandLine = "root=/dev/sda1 ro";
  upSeconds = 10;
  bootId = randomUUID();
  /** `none`: no systemd; else the state that systemd tells. */
  system: "none" | "running" | "stopping" = "none";

  constructor() {
    const bin = join(this.folder, "bin");
    mkdirSync(bin);
    mkdirSync(this.units);
    const program = (name: string, text: string): void => {
      writeFileSync(join(bin, name), text);
      chmodSync(join(bin, name), 0o755);
    };
    program("xen-livepatch", XEN_LIVEPATCH.replace("#!/bin/sh\n", `#!/bin/sh\n${KILLS}`));
    program("xl", '#!/bin/sh\necho "build_id               : $FAKE_BUILD_ID"\n');
    program("systemctl", SYSTEMCTL);
    program("sync", `#!/bin/sh\n${KILLS}exit 0\n`);
    program("mv", `#!/bin/sh\n${KILLS}exec /bin/mv "$@"\n`);
    program("rm", `#!/bin/sh\n${KILLS}exec /bin/rm "$@"\n`);
    this.boot = new ScriptBootStore("a dom0", this.run);
  }

  readonly run: RunScript = async ({ script, args = [], stdin }) => {
    const options = { env: this.#env(0), ...(stdin && { input: stdin }) };
    const { stdout, stderr, status } = spawnSync("sh", ["-c", script, "xsplice", ...args], options);
    return { stdout: stdout.toString(), stderr: stderr.toString(), exitCode: status ?? 1 };
  };

  /** Payloads are gone, and it is another boot. */
  reboot(): void {
    this.bootId = randomUUID();
    this.upSeconds = 10;
    for (const name of ["payloads", "crashed", "misses"]) this.#write(name, undefined);
  }

  /** @param killAt at this call of a program that changes something; 0: never. `undefined`: it was killed */
  script(order: "start" | "stop" | "settle", killAt = 0): number | undefined {
    this.#write("calls", undefined);
    const script = join(this.store, "xsplice-boot.sh");
    writeFileSync(script, bootScript());
    // A process group of its own, so that the test is not killed with it.
    const argv = ["--wait", "sh", script, order];
    const { status, signal } = spawnSync("setsid", argv, { env: this.#env(killAt) });
    return signal === null && status !== 137 ? (status ?? undefined) : undefined;
  }

  /** How many calls the last script made. */
  get calls(): number {
    return this.#lines("calls").length;
  }

  /** What systemd was told. */
  get systemctl(): readonly string[] {
    return this.#lines("systemctl");
  }

  get units(): string {
    return join(this.folder, "units");
  }

  get applied(): readonly string[] {
    return this.#lines("payloads").flatMap((line) =>
      line.endsWith("|APPLIED") ? line.slice(0, line.indexOf("|")) : [],
    );
  }

  /** Each with its options, over all boots. */
  get applies(): readonly string[] {
    return this.#lines("applies");
  }

  setApplied(...names: readonly string[]): void {
    this.#write("payloads", names.map((name) => `${name}|APPLIED\n`).join(""));
  }

  #env(killAt: number): NodeJS.ProcessEnv {
    this.#write("boot-id", `${this.bootId}\n`);
    this.#write("uptime", `${this.upSeconds}.00 1.00\n`);
    this.#write("cmdline", `${this.commandLine}\n`);
    return {
      PATH: `${join(this.folder, "bin")}:${process.env["PATH"]}`,
      FAKE: this.folder,
      FAKE_BUILD_ID: this.buildId,
      KILL_AT: String(killAt),
      FAKE_SYSTEM: this.system,
      ...(this.system === "none" ? {} : { XSPLICE_BOOT_UNITS: this.units }),
      XSPLICE_BOOT_STORE: this.store,
      XSPLICE_BOOT_ID: join(this.folder, "boot-id"),
      XSPLICE_BOOT_UPTIME: join(this.folder, "uptime"),
      XSPLICE_BOOT_CMDLINE: join(this.folder, "cmdline"),
    };
  }

  #lines(name: string): readonly string[] {
    const path = join(this.folder, name);
    if (!existsSync(path)) return [];
    return readFileSync(path, "utf8").split("\n").slice(0, -1);
  }

  #write(name: string, text: string | undefined): void {
    writeFileSync(join(this.folder, name), text ?? "");
  }
}
