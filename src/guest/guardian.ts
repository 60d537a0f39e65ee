// A process in dom0 that finishes what must not stay half done, and then undoes it unless it is told
// otherwise. It goes on when we are killed: its input ends then, without that word.

import { once } from "node:events";
import type { AgentProcess } from "../agent/process.ts";
import type { Lab } from "../lab/lab.ts";

const DISMISSED = "dismissed";

export class Guardian {
  readonly #lab: Lab;
  readonly #child: AgentProcess;
  #dismissed: Promise<void> | undefined;

  /**
   * Runs `work` to its end, and has `undo` run when we are gone. Both are for a shell. Where `work` fails it is
   * undone at once, and what it said on standard error is the answer.
   */
  static async post(
    lab: Lab,
    work: string,
    undo: string,
  ): Promise<Guardian | { readonly failure: string }> {
    // Of a group of its own, so that the agent does not end it with the rest of our session.
    const script = `${work}; echo $?; read -r word; [ "$word" = ${DISMISSED} ] || { ${undo}; }`;
    const child = lab.agent.spawn(["setsid", "sh", "-c", script]);
    const complaints: Buffer[] = [];
    child.stderr.on("data", (chunk: Buffer) => complaints.push(chunk));
    const [answer] = (await lab.guard(once(child.stdout, "data"))) as [Buffer];
    if (answer.toString().trim() === "0") return new Guardian(lab, child);
    child.stdin.end();
    await lab.guard(child.exit);
    return { failure: Buffer.concat(complaints).toString().trim() };
  }

  private constructor(lab: Lab, child: AgentProcess) {
    this.#lab = lab;
    this.#child = child;
  }

  /** From here on nothing is undone. */
  dismiss(): Promise<void> {
    this.#dismissed ??= this.#dismiss();
    return this.#dismissed;
  }

  async #dismiss(): Promise<void> {
    this.#child.stdin.end(`${DISMISSED}\n`);
    await this.#lab.guard(this.#child.exit);
  }
}
