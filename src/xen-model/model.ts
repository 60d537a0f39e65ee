// The reference hypervisor: the answers of a Xen with the given xen-syms file to uploads and actions,
// without a host, a clock or a CPU. Synchronous; forks are cheap.

import { toHex } from "../bytes/hex.ts";
import { invariant } from "../invariant.ts";
import { PAYLOAD_NAME_MAX, PAYLOAD_SIZE_MAX } from "../xen-abi/limits.ts";
import { decodeModinfo } from "../xen-abi/modinfo.ts";
import { type ActionEffect, type ActionRequest, beginAction } from "./actions.ts";
import { constantText } from "./constant-function.ts";
import { ModelError } from "./errors.ts";
import type { Hypervisor } from "./hypervisor.ts";
import { loadPayload } from "./load/load.ts";
import { xenLookUp } from "./load/resolve-symbols.ts";
import { knownBytes, type MemoryRead } from "./memory.ts";
import type { LoadedPayload } from "./payload.ts";
import { doWork, missWork, type WorkAnswer } from "./rendezvous.ts";
import {
  allocateIn,
  forkState,
  initialState,
  type ModelOptions,
  type ModelState,
  say,
} from "./state.ts";
import {
  type Answered,
  type Assumption,
  type Crash,
  type Refusal,
  refuse,
  stopped,
} from "./verdict.ts";

export type UploadAnswer = Answered<
  { readonly kind: "accepted"; readonly payload: LoadedPayload } | Refusal | Crash
>;

export type ActionAnswer = Answered<
  { readonly kind: "accepted"; readonly effect: ActionEffect } | Refusal | Crash
>;

/** Of one payload, as reported by GET and LIST. */
export interface ModelStatus {
  readonly name: string;
  readonly state: "checked" | "applied";
  /** 0, or a negative error number; -11 while an action is under way. */
  readonly rc: number;
  readonly metadata: readonly string[];
}

export class XenModel {
  readonly #state: ModelState;
  #death: Crash | undefined;

  /** The state after boot. @param options facts about the host that are not in the file */
  static boot(hypervisor: Hypervisor, options: ModelOptions = {}): XenModel {
    return new XenModel(initialState(hypervisor, options), undefined);
  }

  private constructor(state: ModelState, death: Crash | undefined) {
    this.#state = state;
    this.#death = death;
  }

  get hypervisor(): Hypervisor {
    return this.#state.xen;
  }

  /** The cause of the crash; no call works afterwards. */
  get death(): Crash | undefined {
    return this.#death;
  }

  /** Names, the newest last; LIST does not report this order. */
  get applied(): readonly string[] {
    return [...this.#state.applied];
  }

  /** The output of a release build, without the prefix of its console. */
  get console(): readonly string[] {
    return this.#state.console;
  }

  /** @throws ModelError xen-model/crashed, xen-model/too-large */
  upload(name: string, bytes: Uint8Array): UploadAnswer {
    return this.#alive((state) => {
      const memory = state.memory.fork();
      const assumptions: Assumption[] = [];
      const answer = stopped(() => {
        checkUpload(state, name, bytes);
        const payload = loadPayload(name, bytes, {
          xen: state.xen,
          memory,
          allocate: allocateIn(state),
          assumptions,
          cpu: state.options.cpu ?? {},
          lookUp: xenLookUp(state.xen, (symbol) => state.exports.get(symbol)?.value),
          findById: (id) => state.ids.get(toHex(id)),
        });
        return { kind: "accepted", payload } as const;
      });
      if (answer.kind === "accepted") this.#take(answer.payload, memory);
      if (answer.kind === "refused") {
        say(state, ...answer.console.map((line) => `${name}: ${line}`));
      }
      return { ...answer, assumptions };
    });
  }

  /** `undefined` when no such payload is loaded. */
  status(name: string): ModelStatus | undefined {
    return this.#alive(({ lives }) => {
      const life = lives.get(name);
      if (life === undefined) return undefined;
      const metadata = decodeModinfo(life.payload.metadata);
      return { name, state: life.state, rc: life.rc, metadata };
    });
  }

  /** In load order. */
  list(): readonly ModelStatus[] {
    return [...this.#state.lives.keys()].flatMap((name) => this.status(name) ?? []);
  }

  /** The result of loading a payload. */
  payload(name: string): LoadedPayload | undefined {
    return this.#state.lives.get(name)?.payload;
  }

  /** The hypercall; `settle` performs what it schedules. */
  begin(request: ActionRequest): ActionAnswer {
    return this.#alive((state) => {
      const assumptions: Assumption[] = [];
      const answer = stopped(() => {
        const effect = beginAction(state, request, assumptions);
        return { kind: "accepted", effect } as const;
      });
      if (answer.kind === "refused") say(state, ...answer.console);
      return { ...answer, assumptions };
    });
  }

  /** Performs what is scheduled; `missed`: the CPUs do not meet in time. */
  settle(rendezvous: "met" | "missed" = "met"): WorkAnswer | undefined {
    return this.#alive((state) => {
      if (state.work === undefined) return undefined;
      return rendezvous === "met" ? doWork(state, state.work) : missWork(state, state.work);
    });
  }

  /** Both steps of an action. */
  act(request: ActionRequest): ActionAnswer | WorkAnswer {
    const answer = this.begin(request);
    if (answer.kind !== "accepted" || answer.effect !== "scheduled") return answer;
    const done = this.settle();
    invariant(done !== undefined, "nothing was scheduled");
    return { ...done, assumptions: [...answer.assumptions, ...done.assumptions] };
  }

  /** The present contents of memory. */
  read(address: bigint, length: number): MemoryRead {
    return this.#state.memory.read(address, length);
  }

  /**
   * The text that a function of the hypervisor returns in its present patched state: xen_extra_version
   * and the like. `undefined` when its code does not have the simple form.
   */
  textOf(functionName: string): string | undefined {
    const { xen, memory } = this.#state;
    const entry = xen.lookup(functionName);
    if (entry === undefined) return undefined;
    return constantText(knownBytes(memory), entry, xen.architecture);
  }

  /** An independent copy of the hypervisor in its present state. */
  fork(): XenModel {
    return new XenModel(forkState(this.#state), this.#death);
  }

  #take(payload: LoadedPayload, memory: ModelState["memory"]): void {
    const state = this.#state;
    state.memory = memory;
    state.lives.set(payload.name, {
      payload,
      state: "checked",
      rc: 0,
      wasReverted: false,
      functionStates: payload.functions.map(({ initialState }) => initialState),
    });
    state.ids.set(toHex(payload.buildId), payload.name);
    for (const { name, value } of payload.exports) {
      if (!state.exports.has(name)) state.exports.set(name, { owner: payload.name, value });
    }
  }

  #alive<Answer>(operation: (state: ModelState) => Answer): Answer {
    if (this.#death !== undefined) {
      throw new ModelError({
        code: "xen-model/crashed",
        problem: `Cannot go on with the model: its hypervisor crashed (${this.#death.trap})`,
        where: this.#death.words,
        remedy: "fork the model before a step that may crash it",
      });
    }
    const answer = operation(this.#state);
    if (isCrash(answer)) this.#death = answer;
    return answer;
  }
}

function isCrash(answer: unknown): answer is Crash {
  return typeof answer === "object" && answer !== null && "trap" in answer;
}

/** ABI reference §2.1. */
function checkUpload(state: ModelState, name: string, bytes: Uint8Array): void {
  const length = Buffer.byteLength(name);
  if (length < 1 || length > PAYLOAD_NAME_MAX || name.includes("\0")) {
    refuse("upload/name", "EINVAL", `a name has 1 to ${PAYLOAD_NAME_MAX} bytes`);
  }
  if (bytes.length === 0 || bytes.length > PAYLOAD_SIZE_MAX) {
    const words = `the file has ${bytes.length} bytes, and Xen takes 1 to ${PAYLOAD_SIZE_MAX}`;
    refuse("upload/size", "EINVAL", words);
  }
  if (state.lives.has(name)) {
    refuse("upload/name-taken", "EEXIST", `a payload "${name}" is loaded`);
  }
}
