// A depot in a temporary directory, worked on by the command line, and a host that trusts it: the small
// hypervisor of the model, payloads made by the real emitter, no compiler. Not a test.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModelHost } from "../../src/hosts/model.ts";
import {
  syntheticModel,
  syntheticXenSyms,
  XEN_ID,
} from "../../src/xen-model/synthetic.test.support.ts";
import { payloadFiles } from "../plan-payloads.ts";
import { type CliRun, type CliSurroundings, runXsplice } from "../run-cli.ts";

export { XEN_ID };

export class DepotUnderTest {
  readonly folder = mkdtempSync(join(tmpdir(), "xsplice-depot-"));
  readonly depot = join(this.folder, "depot");
  readonly keys = join(this.folder, "keys");
  readonly symbols = join(this.folder, "xen-syms");
  readonly state = join(this.folder, "state");
  readonly make = payloadFiles(this.folder, 6000);
  readonly host = new ModelHost(syntheticModel());

  /** @param template the directory of another one, whose files are taken over */
  constructor(template?: string) {
    if (template === undefined) writeFileSync(this.symbols, syntheticXenSyms());
    else cpSync(template, this.folder, { recursive: true });
  }

  get root(): string {
    return join(this.depot, "metadata/1.root.json");
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Without judging its end. */
  try(args: readonly string[], surroundings: CliSurroundings = {}): Promise<CliRun> {
    const env = {
      XSPLICE_PASSPHRASE: "correct horse",
      XDG_STATE_HOME: this.state,
      ...surroundings.env,
    };
    return runXsplice(args, { host: this.host, ...surroundings, env });
  }

  /** One that has to end well. */
  async run(...args: readonly string[]): Promise<CliRun> {
    const run = await this.try(args);
    assert.equal(run.exitCode, 0, `${args.join(" ")}\n${run.stdout}${run.stderr}`);
    return run;
  }

  /** What depot init makes, and a base. */
  async begin(...more: readonly string[]): Promise<void> {
    const channels = ["--channel", "edge", "--channel", "stable"];
    await this.run("depot", "init", this.depot, ...channels, "--keys", this.keys, ...more);
    await this.run("depot", "base", this.depot, "--xen-syms", this.symbols, "--label", "Small Xen");
  }

  add(payload: { readonly path: string }, channel: string, ...more: readonly string[]) {
    return this.run("depot", "add", this.depot, payload.path, "--channel", channel, ...more);
  }

  publish(): Promise<CliRun> {
    return this.run("depot", "publish", this.depot, "--keys", this.keys);
  }

  trust(place = this.depot, ...more: readonly string[]): Promise<CliRun> {
    return this.run("depot", "trust", place, "--root", this.root, ...more);
  }

  /** Names of what the host runs, from the bottom to the top. */
  get applied(): readonly string[] {
    return this.host.model.applied;
  }
}

/** Of one that was refused, as the document that `--json` gives. */
export function errorOf({ stdout, stderr, exitCode }: CliRun) {
  const document = JSON.parse(stdout === "" ? "{}" : stdout);
  assert.ok(document.error !== undefined, `no error: ${exitCode}\n${stdout}${stderr}`);
  return document.error as {
    readonly code: string;
    readonly problem: string;
    readonly where?: string;
  };
}
