// A clean Debian in a directory, from the mirror that the lab's parts come from, and commands in it. Its dom0 is a
// played one: programs that behave as Xen's own, as far as the boot scripts look. Not a test.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeDom0 } from "../../src/hosts/boot/fake-boot.test.support.ts";
import { ScriptBootStore } from "../../src/hosts/boot/store.ts";
import type { RunScript } from "../../src/hosts/remote-script.ts";
import { findDebianMirror } from "../../src/parts/apt-mirror.ts";

export const XEN_BUILD_ID = "ab".repeat(20);

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @returns why there can be none here */
export function whyNoRoots(): string | undefined {
  if (process.getuid?.() !== 0) return "only root may make one";
  const has = spawnSync("mmdebstrap", ["--version"]).status === 0;
  if (!has) return "mmdebstrap is missing (apt-get install mmdebstrap)";
  const namespaces = spawnSync("unshare", ["--mount", "true"]).status === 0;
  return namespaces ? undefined : "no mounts of one's own are allowed here";
}

export class DebianRoot {
  readonly #dom0 = new FakeDom0();
  readonly folder = mkdtempSync(join(tmpdir(), "xsplice-root-"));
  readonly boot = new ScriptBootStore("a dom0", (...asked) => this.#runScript(...asked));
  #bootId = "0b5c8a1e-0000-4000-8000-000000000001";

  static async make(suite: string): Promise<DebianRoot> {
    const root = new DebianRoot();
    const { main } = await findDebianMirror(root.#dom0.folder);
    const words = [
      "--mode=root",
      "--variant=minbase",
      "--quiet",
      suite,
      join(root.folder, "root"),
      main,
    ];
    const { status, stderr } = spawnSync("mmdebstrap", words, { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    root.#playDom0();
    return root;
  }

  [Symbol.dispose](): void {
    for (const folder of [this.folder, this.#dom0.folder])
      rmSync(folder, { recursive: true, force: true });
  }

  at(path: string): string {
    return join(this.folder, "root", path);
  }

  has(path: string): boolean {
    return existsSync(this.at(path));
  }

  read(path: string): string {
    return readFileSync(this.at(path), "utf8");
  }

  write(path: string, content: Uint8Array | string): void {
    mkdirSync(join(this.at(path), ".."), { recursive: true });
    writeFileSync(this.at(path), content);
  }

  /** Without judging its end. */
  try(argv: readonly string[], stdin?: Uint8Array): Ended {
    const enter = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"';
    const words = ["--mount", "sh", "-c", enter, join(this.folder, "root"), ...argv];
    const { status, stdout, stderr } = spawnSync("unshare", words, {
      env: this.#environment(),
      ...(stdin && { input: stdin }),
    });
    return { exitCode: status ?? 1, stdout: stdout.toString(), stderr: stderr.toString() };
  }

  /** One that has to end well. @returns what it prints */
  run(...argv: readonly string[]): string {
    const { exitCode, stdout, stderr } = this.try(argv);
    assert.equal(exitCode, 0, `${argv.join(" ")}\n${stdout}${stderr}`);
    return stdout;
  }

  /** What systemd would do, at an orderly shutdown and at boot. Payloads are gone, files are not. */
  reboot(): void {
    this.run("sh", "/var/lib/xsplice/boot/xsplice-boot.sh", "stop");
    this.#bootId = this.#bootId.replace(/1$/, "2");
    this.write("fake/payloads", "");
    this.write("fake/boot-id", `${this.#bootId}\n`);
    this.run("sh", "/var/lib/xsplice/boot/xsplice-boot.sh", "start");
  }

  get applied(): readonly string[] {
    const lines = this.read("fake/payloads").split("\n");
    return lines.flatMap((line) => /^(.*)\|APPLIED$/.exec(line)?.[1] ?? []);
  }

  /** How often anybody has run a program of Xen's. */
  get calls(): number {
    return this.has("fake/calls") ? this.read("fake/calls").split("\n").length - 1 : 0;
  }

  #playDom0(): void {
    for (const program of ["xen-livepatch", "xl"]) {
      const place = this.at(`usr/local/sbin/${program}`);
      mkdirSync(join(place, ".."), { recursive: true });
      cpSync(join(this.#dom0.folder, "bin", program), place);
    }
    this.write("fake/boot-id", `${this.#bootId}\n`);
    this.write("fake/uptime", "10.00 1.00\n");
    this.write("fake/cmdline", "root=/dev/sda1 ro\n");
    this.write("fake/payloads", "");
  }

  #environment(): NodeJS.ProcessEnv {
    return {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      DEBIAN_FRONTEND: "noninteractive",
      FAKE: "/fake",
      FAKE_BUILD_ID: XEN_BUILD_ID,
      KILL_AT: "0",
      XSPLICE_BOOT_ID: "/fake/boot-id",
      XSPLICE_BOOT_UPTIME: "/fake/uptime",
      XSPLICE_BOOT_CMDLINE: "/fake/cmdline",
    };
  }

  #runScript: RunScript = async ({ script, args = [], stdin }) =>
    this.try(["sh", "-c", script, "xsplice", ...args], stdin);
}
