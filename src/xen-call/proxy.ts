// Hypercalls made by an agent in a remote dom0: a lab's, or one at the other end of ssh.

import type { AgentClient } from "../agent/client.ts";
import { AgentError } from "../agent/errors.ts";
import { HostError, type HostErrorCode } from "../host/errors.ts";
import type { Hypercall, HypercallAnswer, HypercallTransport } from "./transport.ts";

/** The agent belongs to the caller: disposing of the transport does not close it. */
export class ProxyTransport implements HypercallTransport {
  readonly #agent: AgentClient;

  constructor(agent: AgentClient) {
    this.#agent = agent;
  }

  get label(): string {
    return `the agent of ${this.#agent.label}`;
  }

  async hypercall(call: Hypercall, signal?: AbortSignal): Promise<HypercallAnswer> {
    try {
      return await this.#agent.hypercall(call, signal);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      throw unreachable(this.label, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function unreachable(label: string, cause: AgentError): HostError {
  const { code, problem } = cause.report;
  const hostCode: HostErrorCode = code === "agent/aborted" ? "host/timeout" : "host/unreachable";
  const noXen = code === "agent/refused" && problem.includes("privcmd");
  return new HostError(
    {
      code: hostCode,
      problem: `Cannot make a hypercall through ${label}: ${problem}`,
      ...(noXen ? { remedy: "see that this is a dom0 of Xen, and load xen-privcmd in it" } : {}),
    },
    { cause },
  );
}
