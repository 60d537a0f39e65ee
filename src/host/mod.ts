// The interface of a host, a place where payloads are applied. All code above the kinds of host uses
// only this.

export type {
  AppliedKept,
  BootReport,
  BootStore,
  KeepOutcome,
  KeptList,
  KeptPayload,
  KeptSet,
  LastBoot,
  QuarantinedPayload,
} from "./boot-store.ts";
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
export type { JournalStore, LoggedAction, UnreadJournal } from "./journal-store.ts";
export { settledState } from "./settled-state.ts";
