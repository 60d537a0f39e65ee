// The one base class of every error that xSplice throws on purpose. A failure is a report with
// named facts, so that the text for people and the JSON for scripts say the same thing.
// Anything else that is thrown is a bug of ours (see invariant.ts).

/** What a failure has to say. Every text: active, full words, no final period, offsets in hex. */
export interface ErrorReport<Code extends string = string> {
  /** Stable, `area/reason`; scripts match on it, never on the text. */
  readonly code: Code;
  /** "Cannot <verb> <object>: <current state>", with the value that was found. */
  readonly problem: string;
  /** File, section, symbol, offset: in the user's input, never in our code. */
  readonly where?: string;
  readonly expected?: string;
  /** What the reader can do now. */
  readonly remedy?: string;
}

export class XspliceError<Code extends string = string> extends Error {
  readonly report: ErrorReport<Code>;

  constructor(report: ErrorReport<Code>, options?: ErrorOptions) {
    super(formatReport(report), options);
    this.name = new.target.name;
    this.report = report;
  }
}

/** The report as lines for a terminal: the problem, then the facts aligned under each other. */
export function formatReport(report: ErrorReport): string {
  const facts = [
    ["where:", report.where],
    ["expected:", report.expected],
    ["remedy:", report.remedy],
  ] as const;
  const lines = facts.flatMap(([label, text]) =>
    text === undefined
      ? []
      : [`  ${label.padEnd(9)} ${text.replaceAll("\n", `\n${" ".repeat(12)}`)}`],
  );
  return [report.problem, ...lines].join("\n");
}
