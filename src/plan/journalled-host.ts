// A host whose actions are recorded: before an action, so that a crash during it is noticed, and after
// it, with the host's state then. If the journal cannot be written, the action is performed
// nevertheless, and the order is unknown later.

import type { CallOptions } from "../host/call-options.ts";
import { HostError } from "../host/errors.ts";
import type {
  Action,
  ActOptions,
  ActOutcome,
  ConsoleMark,
  ConsoleText,
  HostCapabilities,
  HostInfo,
  ListedPayload,
  LivepatchHost,
  PayloadStatus,
} from "../host/host.ts";
import type { JournalStore } from "../host/journal-store.ts";
import type { PayloadFacts } from "./facts-form.ts";
import { beginInJournal, endInJournal, startJournal } from "./journal.ts";
import type { Journal, PendingAction } from "./journal-form.ts";
import { isNoAnswer, JournalGoal, unsteady } from "./journal-goal.ts";
import { encodeJournal } from "./journal-json.ts";
import { type HostView, observeHost } from "./observe.ts";

export interface JournalledOptions {
  readonly now: () => Date;
  /** Who gives the command, and on which machine, for the log. */
  readonly actor?: { readonly by: string | undefined; readonly from: string | undefined };
  /** The facts about a payload, from its bytes; `undefined` when they are not a payload. For uploads. */
  readonly factsOf: (payload: Uint8Array, name: string) => MaybeLater<PayloadFacts | undefined>;
  /** The journal could not be written; the action continues. */
  readonly onTrouble: (error: unknown) => void;
  /** After each action, whether it succeeded or not. */
  readonly onAction?: () => void;
  /** The old journal could not be read: it was renamed to this place, and a new one begins. */
  readonly onSetAside: (place: string) => void;
}

/** Who reads payloads loads the code for it on first use. */
type MaybeLater<Value> = Value | Promise<Value>;

/** How often to look again at a journal that other commands replace before it can be set aside. */
const ATTEMPTS_MAX = 5;
/** In a busy emulated dom0, observing alone takes half of it. */
const SEEN_MAX_MS = 1000;

/** A host, and the part of its journal that records the goal of a sync. */
export interface Journalled {
  readonly host: LivepatchHost;
  readonly goal: JournalGoal;
}

export interface ObservedHost extends Journalled {
  /** What the host runs. An action that follows at once is recorded by it, and the host not asked again. */
  observe(options: CallOptions): Promise<HostView>;
}

export class JournalledHost implements LivepatchHost {
  readonly label: string;
  readonly capabilities: HostCapabilities;
  readonly journal: JournalStore;
  /** Cached, because reading it before each action would cost a process there. */
  #last: Journal | undefined;
  /** Used once, and not after a while: other commands may act meanwhile. */
  #seen: { readonly view: HostView; readonly at: Date } | undefined;
  readonly #host: LivepatchHost;
  readonly #goal: JournalGoal;
  readonly #options: JournalledOptions;

  /** Returns the host itself if it has no place for a journal. Closing one closes the other. */
  static around(host: LivepatchHost, options: JournalledOptions): ObservedHost {
    const { journal } = host;
    const goal = new JournalGoal(journal, options.onTrouble);
    if (journal === undefined)
      return { host, goal, observe: (call) => observeHost(host, [], call) };
    const journalled = new JournalledHost(host, journal, goal, options);
    return { host: journalled, goal, observe: (call) => journalled.#look(call) };
  }

  private constructor(
    host: LivepatchHost,
    journal: JournalStore,
    goal: JournalGoal,
    options: JournalledOptions,
  ) {
    this.label = host.label;
    this.capabilities = host.capabilities;
    this.journal = journal;
    this.#host = host;
    this.#goal = goal;
    this.#options = options;
  }

  async upload(name: string, payload: Uint8Array, options: CallOptions): Promise<void> {
    const facts = await this.#options.factsOf(payload, name);
    const done = () => this.#host.upload(name, payload, options);
    return this.#record({ action: "upload", name, facts }, done, options);
  }

  async act(action: Action, name: string, options: ActOptions): Promise<ActOutcome> {
    const done = () => this.#host.act(action, name, options);
    return this.#record({ action, name, facts: undefined }, done, options);
  }

  get boot(): LivepatchHost["boot"] {
    return this.#host.boot;
  }

  get lock(): LivepatchHost["lock"] {
    return this.#host.lock?.bind(this.#host);
  }

  info(options: CallOptions): Promise<HostInfo> {
    return this.#host.info(options);
  }

  list(options: CallOptions): Promise<readonly ListedPayload[]> {
    return this.#host.list(options);
  }

  status(name: string, options: CallOptions): Promise<PayloadStatus | undefined> {
    return this.#host.status(name, options);
  }

  console(since: ConsoleMark | undefined, options: CallOptions): Promise<ConsoleText> {
    return this.#host.console(since, options);
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#host[Symbol.asyncDispose]();
  }

  async #record<Result>(
    what: Omit<PendingAction, "at" | "by" | "from">,
    action: () => Promise<Result>,
    options: CallOptions,
  ): Promise<Result> {
    const { by, from } = this.#options.actor ?? { by: undefined, from: undefined };
    const at = this.#options.now().toISOString();
    const pending = { ...what, at, by, from };
    const begun = await this.#begin(pending, options);
    let result = "done";
    try {
      return await action();
    } catch (error) {
      result = error instanceof HostError ? error.report.code : "stopped";
      throw error;
    } finally {
      this.#options.onAction?.();
      if (begun === undefined) await this.#tell(pending, result, options);
      else await this.#end(begun, result, options);
    }
  }

  async #begin(pending: PendingAction, options: CallOptions): Promise<Journal | undefined> {
    let begun: Journal | undefined;
    try {
      const journal = (await this.#recall(options)) ?? (await this.#readJournal(options));
      this.#last = undefined;
      // Without a boot id, it would be unknown whether the journal is of this boot.
      if (journal === undefined) return undefined;
      begun = beginInJournal({ ...journal, goal: this.#goal.stack }, pending);
      await this.journal.write(encodeJournal(begun), options);
    } catch (error) {
      if (isNoAnswer(error)) throw error;
      // If writing failed before the action, it may succeed afterwards.
      this.#options.onTrouble(error);
    }
    return begun;
  }

  /** The journal last written here, if it still covers everything on the host. */
  async #recall(options: CallOptions): Promise<Journal | undefined> {
    if (this.#last?.scene.stack === undefined) return undefined;
    return endInJournal(this.#last, await this.#host.list(options));
  }

  async #readJournal(options: CallOptions): Promise<Journal | undefined> {
    const { state, journal: verdict, written, list } = await this.#observe(options);
    if (state.bootId === undefined) return undefined;
    const settled = verdict === "fits" && written ? endInJournal(written, list) : undefined;
    if (settled === undefined) return startJournal(state, state.bootId, written);
    // The journal began when the order was unknown; by now it may be known.
    const { stack } = startJournal(state, state.bootId).scene;
    return { ...settled, scene: { ...settled.scene, stack: settled.scene.stack ?? stack } };
  }

  async #look(options: CallOptions): Promise<HostView> {
    const at = this.#options.now();
    this.#seen = { view: await observeHost(this.#host, [], options), at };
    return this.#seen.view;
  }

  #takeSeen(): HostView | undefined {
    const seen = this.#seen;
    this.#seen = undefined;
    const ageMs = seen === undefined ? 0 : this.#options.now().getTime() - seen.at.getTime();
    return ageMs >= 0 && ageMs < SEEN_MAX_MS ? seen?.view : undefined;
  }

  /**
   * An unreadable journal is renamed: another release may read it, or a person may want to know what
   * was done. If another command was faster, its new journal is used.
   */
  async #observe(options: CallOptions): Promise<HostView> {
    const { now, onSetAside } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const view = this.#takeSeen() ?? (await observeHost(this.#host, [], options));
      if (view.state.bootId === undefined || view.journal !== "unreadable") return view;
      const unread = { text: view.journalText, at: now() };
      const place = await this.journal.setAside(unread, options);
      if (place !== undefined) {
        onSetAside(place);
        return view;
      }
      if (attempt === ATTEMPTS_MAX) throw unsteady(this.label);
    }
  }

  /** Of what no journal has: the system's log is to know it nevertheless. */
  async #tell(
    action: PendingAction | undefined,
    result: string,
    options: CallOptions,
  ): Promise<void> {
    if (action === undefined) return;
    await this.journal.tell?.({ ...action, result, stack: undefined }, options);
  }

  /** Also after a failure: a replace may have failed half-way. */
  async #end(begun: Journal, result: string, options: CallOptions): Promise<void> {
    try {
      const list = await this.#host.list(options);
      // Contact was lost during the action: the next command finds out how it ended.
      const acted = list.find(({ name }) => name === begun.pending?.name);
      if (acted?.status.kind === "busy") return;
      const ended = endInJournal(begun, list, result);
      this.#last = ended;
      if (ended === undefined) return await this.#tell(begun.pending, result, options);
      const told = ended.log.at(-1);
      await this.journal.write(encodeJournal(ended), options, told && { ...told, result });
    } catch (error) {
      // The journal has the action's start; the next command finds out how it ended.
      this.#options.onTrouble(error);
    }
  }
}
