// What a controller remembers. All of it may be lost.

import type { Replica } from "./replica.ts";
import type { Command } from "./store.ts";

export interface Controller {
  readonly settings: ControllerSettings;
  readonly replica: Replica;
  /** From our clock to the store's; `undefined` before its first answer. */
  readonly storeOffset: number | undefined;
  /** By roll-out: the user's check for the phase that began then. */
  readonly checks: ReadonlyMap<string, Check>;
  /** When a message was sent last, so that it is not sent with every event. */
  readonly sent: ReadonlyMap<string, number>;
}

export interface ControllerSettings {
  /** Messages that had no effect are sent again. */
  readonly resendMs: number;
}

export interface Check {
  readonly since: number;
  readonly state: "running" | "passed" | "failed";
}

export interface ControllerStepped {
  readonly state: Controller;
  readonly commands: readonly Command[];
}
