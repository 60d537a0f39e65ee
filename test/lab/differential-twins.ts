// A real hypervisor in a lab and the model of it, played with side by side. After every step their
// answers, the states of all payloads and the code at the functions' entries are compared.

import { readFileSync } from "node:fs";
import type { Lab } from "../../src/lab/lab.ts";
import { type OpenLabOptions, openLab } from "../../src/lab/open-lab.ts";
import { XenClient } from "../../src/xen-call/client.ts";
import { ProxyTransport } from "../../src/xen-call/proxy.ts";
import { type Hypervisor, openHypervisor } from "../../src/xen-model/hypervisor.ts";
import { XenModel } from "../../src/xen-model/model.ts";
import type { ModelOptions } from "../../src/xen-model/state.ts";
import { compareCode, isPristine, patchedAddresses } from "./differential-code.ts";
import { predict } from "./differential-predict.ts";
import { actForReal, type RealAnswer, realErrno, realStatuses } from "./differential-real.ts";
import { differs, modelErrno, type Outcome, type Step } from "./differential-script.ts";
import { readXenImage, type XenImage } from "./xen-image.ts";

/** The processor of a lab, as far as the model can know it. */
const LAB_OPTIONS: ModelOptions = { cpu: { nops: "prefixed", ibt: "inactive" } };

export class Twins implements AsyncDisposable {
  readonly release: string;
  readonly xen: XenImage;
  /** Actions that were tried again since the CPUs did not meet. */
  retries = 0;
  /** Labs that were needed: one, and one for each that died or could not be cleaned. */
  labs = 0;
  /** Of all functions that the case patched. */
  readonly #touched = new Set<bigint>();
  /** What was under way. */
  #label = "";
  readonly #hypervisor: Hypervisor;
  readonly #options: OpenLabOptions;
  #lab: Lab | undefined;

  /** @param symbols path of the xen-syms file */
  private constructor(release: string, symbols: string, options: OpenLabOptions) {
    this.release = release;
    this.#options = options;
    this.xen = readXenImage(symbols);
    this.#hypervisor = openHypervisor(readFileSync(symbols), symbols);
  }

  /** @param release for people, where the options name another hypervisor */
  static async open(release: string, options: OpenLabOptions = { xen: release }): Promise<Twins> {
    const lab = await openLab(options);
    const twins = new Twins(release, lab.info.symbols ?? "", options);
    twins.#use(lab);
    return twins;
  }

  boot(hookResult: ModelOptions["hookResult"] = () => 0): XenModel {
    return XenModel.boot(this.#hypervisor, { ...LAB_OPTIONS, hookResult });
  }

  async play(
    steps: readonly Step[],
    options: Pick<ModelOptions, "hookResult"> = {},
  ): Promise<Outcome> {
    const prediction = predict(this.boot(options.hookResult), steps, this.xen);
    if (prediction.kind !== "playable") return prediction;
    try {
      const outcome = await this.#playForReal(steps.slice(0, prediction.steps), options);
      await this.#clean();
      return outcome;
    } catch (error) {
      await this.#renew();
      return { kind: "disagree", step: this.#label, model: "goes on", real: String(error) };
    }
  }

  /** Plays what the model says is deadly, in a lab of its own; what the lab did. */
  async playDeadly(steps: readonly Step[]): Promise<"crashed" | "survived" | "refused"> {
    const lab = await openLab({ ...this.#options, hangAfterMs: 4_000 });
    try {
      const client = new XenClient(new ProxyTransport(lab.agent));
      let last: RealAnswer = { errno: 0, retries: 0 };
      for (const step of steps) last = await actForReal(client, step);
      return last.errno === 0 ? "survived" : "refused";
    } catch {
      return "crashed";
    } finally {
      await lab.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lab?.close();
  }

  async #playForReal(
    steps: readonly Step[],
    options: Pick<ModelOptions, "hookResult">,
  ): Promise<Outcome> {
    const { lab, client } = this.#place();
    const model = this.boot(options.hookResult);
    const bases = new Map<string, bigint>();
    const answers: string[] = [];
    for (const [index, step] of steps.entries()) {
      const label = `${index + 1}. ${step.do} ${step.name}`;
      this.#label = label;
      const expected = modelErrno(model, step);
      const { errno, retries } = await actForReal(client, step);
      this.retries += retries;
      answers.push(`${label}: ${realErrno(errno)}`);
      for (const address of patchedAddresses(model)) this.#touched.add(address);
      const compared =
        differs(label, realErrno(expected), realErrno(errno)) ??
        differs(`states after ${label}`, modelStatuses(model), await realStatuses(client)) ??
        (step.do === "upload" ? undefined : await compareCode({ lab, model, bases, label }));
      if (compared !== undefined) return compared;
    }
    return { kind: "agree", answers };
  }

  /** Reverts and unloads everything; a new lab where that does not work. */
  async #clean(): Promise<void> {
    const { client, lab } = this.#place();
    const touched = new Set(this.#touched);
    this.#touched.clear();
    for (let round = 0; round < 64; round++) {
      const payloads = await client.list();
      if (payloads.length === 0) {
        // A payload can make Xen "restore" what was never there.
        if (!(await isPristine({ lab, model: this.boot() }, touched))) await this.#renew();
        return;
      }
      for (const { name } of [...payloads].reverse()) {
        await actForReal(client, { do: "revert", name });
        await actForReal(client, { do: "unload", name });
      }
    }
    await this.#renew();
  }

  async #renew(): Promise<void> {
    await this.#lab?.close();
    this.#use(await openLab(this.#options));
  }

  #use(lab: Lab): void {
    this.#lab = lab;
    this.labs++;
  }

  #place(): { readonly lab: Lab; readonly client: XenClient } {
    if (this.#lab === undefined) throw new Error("no lab");
    return { lab: this.#lab, client: new XenClient(new ProxyTransport(this.#lab.agent)) };
  }
}

function modelStatuses(model: XenModel): string {
  const states = model.list().map(({ name, state, rc, metadata }) => {
    return `${name} ${state} ${rc} ${metadata.join(";")}`;
  });
  return states.join(", ");
}
