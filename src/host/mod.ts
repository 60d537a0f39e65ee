export type { CallOptions } from "./call-options.ts";
export { HostError, type HostErrorCode, type UnexpectedCode } from "./errors.ts";
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
export type { JournalStore } from "./journal-store.ts";
