// One base of the matrix on the bench: its hypervisor in a lab, and payloads made for it as a user makes
// them. After a failure the lab is a new one.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Base } from "../../src/bases/base.ts";
import { labHost } from "../../src/hosts/lab.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { type OpenLabOptions, openLab } from "../../src/lab/open-lab.ts";
import { XenClient } from "../../src/xen-call/client.ts";
import { ProxyTransport } from "../../src/xen-call/proxy.ts";
import type { ProbedXen } from "../corpus/probes.ts";
import { XenOnTrial } from "../score/trial.ts";
import { type Fix, patchOf } from "./fixes.ts";
import { askCheck, askForPayload, type Checked } from "./xsplice.ts";

export interface BaseOnBench {
  /** As --base takes it. */
  readonly word: string;
  /** With image and source. */
  readonly base: Base;
  /** For --cc; undefined for the base's own, or gcc. */
  readonly compiler: string | undefined;
}

/** What cannot be live patched on this base, by xsplice's own words. */
export class RefusedFix extends Error {}

/** A payload, with the fix that it has. */
export interface MadePayload {
  readonly name: string;
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly objects: number;
  readonly functions: number;
}

export interface BenchOptions {
  /** Where payloads are made. */
  readonly folder: string;
  readonly jobs: number;
  readonly mutations: number;
  readonly signal: AbortSignal;
}

export class Bench implements AsyncDisposable {
  readonly on: BaseOnBench;
  readonly options: BenchOptions;
  #running: { readonly lab: Lab; readonly trial: XenOnTrial } | undefined;

  constructor(on: BaseOnBench, options: BenchOptions) {
    this.on = on;
    this.options = options;
    mkdirSync(options.folder, { recursive: true });
  }

  /** A cold boot: a snapshot of each hypervisor would fill the disk. */
  labOptions(): OpenLabOptions & { readonly xen: string } {
    const { image, xenSyms } = this.on.base;
    const { signal } = this.options;
    if (image === undefined) throw new Error("the base has no image");
    return { xen: image, xenSymbols: xenSyms, start: "cold-boot", cpus: 2, signal };
  }

  async trial(): Promise<XenOnTrial> {
    return (await this.#run()).trial;
  }

  async probed(): Promise<ProbedXen> {
    const transport = new ProxyTransport((await this.#run()).lab.agent);
    return { transport, client: new XenClient(transport) };
  }

  /** @throws RefusedFix; Error with xsplice's words */
  async build(
    name: string,
    fixes: readonly Fix[],
    options: readonly string[] = [],
  ): Promise<MadePayload> {
    const { base } = this.on;
    if (base.source === undefined) throw new Error("the base has no source");
    const patches = fixes.map((fix, index) => {
      const place = join(this.options.folder, `${name}-${index}.patch`);
      writeFileSync(place, patchOf(fix, base.source ?? ""), "latin1");
      return place;
    });
    const inputs = patches.flatMap((place) => ["--patch", place]);
    const jobs = ["--jobs", String(this.options.jobs)];
    return await this.#make(name, ["build", ...inputs, ...jobs, ...options]);
  }

  /** @throws RefusedFix; Error with xsplice's words */
  async compile(name: string, c: string): Promise<MadePayload> {
    const place = join(this.options.folder, `${name}.c`);
    writeFileSync(place, c);
    return await this.#make(name, ["compile", place]);
  }

  /** What the model says of the last of them, on top of the others. */
  async check(payloads: readonly MadePayload[], options: readonly string[] = []): Promise<Checked> {
    const args = [...payloads.map(({ path }) => path), "--base", this.on.word, ...options];
    return await askCheck(args, this.options.signal);
  }

  async renew(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.trial[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.renew();
  }

  async #make(name: string, args: readonly string[]): Promise<MadePayload> {
    const { word, compiler } = this.on;
    const path = join(this.options.folder, `${name}.livepatch`);
    const cc = compiler === undefined ? [] : ["--cc", compiler];
    const answer = await askForPayload(
      [...args, "--base", word, ...cc, "--output", path],
      this.options.signal,
    );
    if (answer.kind === "refused") throw new RefusedFix(answer.why);
    if (answer.kind === "error") throw new Error(answer.why);
    const { objects = [], functions = [] } = answer.report;
    const counts = { objects: objects.length, functions: functions.length };
    return { name, path, bytes: readFileSync(path), ...counts };
  }

  async #run(): Promise<{ readonly lab: Lab; readonly trial: XenOnTrial }> {
    if (this.#running !== undefined) return this.#running;
    const lab = await openLab(this.labOptions());
    try {
      const trial = new XenOnTrial(lab, await labHost(lab, this.options.signal));
      await trial.listen();
      this.#running = { lab, trial };
      return this.#running;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }
}
