// What a host is: a place where payloads are applied. All above the kinds of host know only this.

export type { CallOptions } from "./call-options.ts";
export {
  HostError,
  type HostErrorCode,
  type HostErrorOptions,
  type UnexpectedCode,
} from "./errors.ts";
export type {
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
  SettledState,
} from "./host.ts";
export type { JournalStore, UnreadJournal } from "./journal-store.ts";
export { settledState } from "./settled-state.ts";
