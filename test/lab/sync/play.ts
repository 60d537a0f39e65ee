// Sync on one host, for the scenarios: towards payloads, with a step that the host is made to refuse, and
// what is applied and loaded then. Not a test.

import assert from "node:assert/strict";
import { HostError } from "../../../src/host/errors.ts";
import type { LivepatchHost } from "../../../src/host/host.ts";
import { MemoryJournal } from "../../../src/hosts/journal/memory.ts";
import { parsePayload } from "../../../src/payload/parse.ts";
import { factsOfPayload } from "../../../src/plan/facts.ts";
import { type Journalled, JournalledHost } from "../../../src/plan/journalled-host.ts";
import { observeHost } from "../../../src/plan/observe.ts";
import type { Wish } from "../../../src/plan/wish.ts";
import type { SyncReport } from "../../../src/sync/report.ts";
import { syncHost } from "../../../src/sync/sync.ts";
import type { SyncFile } from "../../../src/sync/sync-file.ts";
import { call } from "../host-under-test.ts";
import type { SyncPayloads } from "./payloads.ts";

export interface SyncBench {
  readonly host: LivepatchHost;
  /** Of the functions of `idle`. */
  hashText(): Promise<string>;
}

export class Play {
  readonly payloads: SyncPayloads;
  readonly #host: LivepatchHost;

  constructor({ host }: SyncBench, payloads: SyncPayloads) {
    this.#host = host;
    this.payloads = payloads;
  }

  sync(payloads: readonly SyncFile[], failAt?: number): Promise<SyncReport> {
    return this.fulfil({ kind: "apply-exactly", payloads }, failAt);
  }

  /** @param failAt step that the host is made to refuse, from 1 on */
  fulfil(wish: Wish, failAt?: number): Promise<SyncReport> {
    const goal = { kind: "wish", wish, options: {} } as const;
    const files = Object.values(this.payloads);
    let isNext = false;
    const stubborn = refusing(this.#host, () => isNext);
    return syncHost(
      journalled(failAt === undefined ? this.#host : stubborn),
      { goal, files, hypervisor: undefined },
      {
        ...call,
        quiesceMs: 100,
        signal: undefined,
        onPlan: () => {},
        onStep: ({ phase, number, direction }) => {
          isNext = direction === "forward" && phase === "begins" && number === failAt;
        },
        pause: async () => {},
      },
    );
  }

  /** Names, from the bottom to the top. */
  async stack(): Promise<readonly string[]> {
    const { state } = await observeHost(this.#host, [], call);
    assert.equal(state.stack.kind, "known");
    return state.stack.names;
  }

  async loaded(): Promise<readonly string[]> {
    return (await this.#host.list(call)).map(({ name }) => name);
  }
}

/** Kept here: in an emulated dom0 each writing costs several processes. */
export function withOwnJournal(host: LivepatchHost): LivepatchHost {
  const journal = new MemoryJournal();
  return intercept(host, (key) => (key === "journal" ? journal : undefined));
}

/** Refuses as Xen does, before anything happens. */
function refusing(host: LivepatchHost, isNext: () => boolean): LivepatchHost {
  const refuse = (what: string): void => {
    if (!isNext()) return;
    const report = { code: "host/refused", problem: `Cannot ${what}: made to fail` } as const;
    throw new HostError(report, { errno: 22 });
  };
  return intercept(host, (key) => {
    if (key === "act") {
      return async (...args: Parameters<LivepatchHost["act"]>) => {
        refuse(args[0]);
        return host.act(...args);
      };
    }
    if (key !== "upload") return undefined;
    return async (...args: Parameters<LivepatchHost["upload"]>) => {
      refuse("upload");
      return host.upload(...args);
    };
  });
}

/** The host, but for the members that `find` has. */
function intercept(host: LivepatchHost, find: (key: string | symbol) => unknown): LivepatchHost {
  return new Proxy(host, {
    get(target, key) {
      const value: unknown = find(key) ?? Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function journalled(host: LivepatchHost): Journalled {
  return JournalledHost.around(host, {
    now: () => new Date(),
    factsOf: (bytes, name) => factsOfPayload(parsePayload(bytes, name)),
    onTrouble: (error) => {
      throw error;
    },
    onSetAside: (place) => assert.fail(place),
  });
}
