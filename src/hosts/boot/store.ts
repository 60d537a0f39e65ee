// What a dom0 keeps for its next boot, by a script that is sent there (share/boot/manage.sh): over ssh, through
// a lab's agent, or to a shell of this dom0.

import { createHash } from "node:crypto";
import type { BootReport, BootStore, KeepOutcome, KeptSet } from "../../host/boot-store.ts";
import type { CallOptions } from "../../host/call-options.ts";
import { HostError } from "../../host/errors.ts";
import { systemClock } from "../clock.ts";
import { startDeadline } from "../deadline.ts";
import type { RemoteResult, RunScript } from "../remote-script.ts";
import { keepInput } from "./keep-input.ts";
import { parseBootReport } from "./report.ts";
import { bootScript, installation, manageScript } from "./script-text.ts";

export class ScriptBootStore implements BootStore {
  readonly #label: string;
  readonly #run: RunScript;

  constructor(label: string, run: RunScript) {
    this.#label = label;
    this.#run = run;
  }

  async isEnabled(options: CallOptions): Promise<boolean> {
    const task = "look whether payloads are applied after a reboot";
    const { exitCode } = await this.#start(task, ["enabled"], options);
    return exitCode === 0;
  }

  async enable(settleSeconds: number, options: CallOptions): Promise<"manual" | "systemd"> {
    const { input, scriptSize } = installation();
    const args = ["enable", String(input.length), String(scriptSize), String(settleSeconds)];
    const task = "have payloads applied after a reboot";
    const output = await this.#do(task, args, options, input);
    return output.split("\n").includes("systemd") ? "systemd" : "manual";
  }

  async disable(options: CallOptions): Promise<void> {
    await this.#do("have no payloads applied after a reboot", ["disable"], options);
  }

  async keep(set: KeptSet, options: CallOptions): Promise<KeepOutcome> {
    const { input, headSize } = keepInput(set);
    const task = "keep what is applied for the next boot";
    const output = await this.#do(
      task,
      ["keep", String(input.length), String(headSize)],
      options,
      input,
    );
    const lines = output.split("\n");
    const named = (word: string) =>
      lines.flatMap((line) => (line.startsWith(`${word} `) ? line.slice(word.length + 1) : []));
    const order = lines.includes("unordered") ? "unknown" : "known";
    return { order, unknown: named("unknown"), quarantined: named("quarantined") };
  }

  async release(sha256s: readonly string[], options: CallOptions): Promise<void> {
    await this.#do("allow payloads at the next boot", ["release", ...sha256s], options);
  }

  async report(options: CallOptions): Promise<BootReport> {
    const output = await this.#do("read what is kept for the next boot", ["report"], options);
    const digest = createHash("sha256").update(bootScript()).digest("hex");
    return parseBootReport(output, digest);
  }

  async #do(
    task: string,
    args: readonly string[],
    options: CallOptions,
    stdin?: Uint8Array,
  ): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#start(task, args, options, stdin);
    if (exitCode === 0) return stdout;
    const said = stderr.trim();
    throw new HostError({
      code: "host/boot-store",
      problem: `Cannot ${task} on ${this.#label}: its script ended with ${exitCode}`,
      ...(said === "" ? {} : { where: said }),
      expected:
        "root, a writable /var/lib/xsplice with room for the payloads and, where there is systemd, /etc/systemd/system",
    });
  }

  #start(
    task: string,
    args: readonly string[],
    options: CallOptions,
    stdin?: Uint8Array,
  ): Promise<RemoteResult> {
    const remote = { task, script: manageScript(), args, ...(stdin && { stdin }) };
    return this.#run(remote, startDeadline(this.#label, options, systemClock));
  }
}
