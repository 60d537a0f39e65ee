// Which lines of the stock list are payloads. A name and metadata may have any bytes, so that a payload can
// print a line for another one. Xen knows names by themselves: whoever uploads a file under a name that is
// taken is told that it exists, before the file is looked at; under any other name, that it is not an ELF file.
// Nothing changes in either case.

import { HostError } from "../../host/errors.ts";
import type { ListedPayload } from "../../host/host.ts";
import type { Deadline } from "../deadline.ts";
import type { SshConnection } from "./connection.ts";
import { namesInLine, parseStockList } from "./stock-output.ts";
import { withTemporaryFile } from "./upload.ts";

/** Each argument is a name; answers in their order. */
const ASK = `
for name
do
  said=$(xen-livepatch upload "$name" "$file" 2>&1 >/dev/null)
  case $said in
    "Error 17: "*) echo loaded ;;
    "Error 22: "*|"Error 8: "*|"Error 95: "*) echo absent ;;
    *) echo unclear ;;
  esac
done
`;
const NO_PAYLOAD = Buffer.from("not a payload, but a question\n");
const NAME_BYTES_MAX = 127;
const PADDED_TO = 40;
/** Lines that a name with line breaks may begin above. */
const LINES_ABOVE_MAX = 3;

type Answer = "loaded" | "absent" | "unclear";

export class StockNames {
  readonly #connection: SshConnection;
  /** The list at the last look, but for states: as long as it stays so, nobody is asked again. */
  #known: { readonly shape: string; readonly loaded: ReadonlySet<string> } | undefined;

  constructor(connection: SshConnection) {
    this.#connection = connection;
  }

  /**
   * Of what `xen-livepatch list` has just printed.
   * @throws HostError host/unsupported when it cannot be told which lines are payloads
   */
  async read(stdout: string, deadline: Deadline): Promise<readonly ListedPayload[]> {
    const where = `xen-livepatch list on ${this.#connection.label}`;
    const shape = stdout.replaceAll(/\| (CHECKED|APPLIED)\b/g, "|");
    if (this.#known?.shape !== shape) {
      this.#known = { shape, loaded: await this.#loadedIn(stdout.split("\n"), where, deadline) };
    }
    const { loaded } = this.#known;
    return parseStockList(stdout, where, (name) => loaded.has(name));
  }

  async #loadedIn(
    lines: readonly string[],
    where: string,
    deadline: Deadline,
  ): Promise<ReadonlySet<string>> {
    const plain = new Map(
      lines.flatMap((line, at) => {
        const [name] = namesInLine(line);
        return name === undefined ? [] : [[at, name] as const];
      }),
    );
    const answers = await this.#ask([...plain.values()], deadline);
    for (const [at, name] of plain) {
      const answer = answers.get(name);
      if (answer === "unclear") throw doubt(lines[at] ?? "", where);
      if (answer === "loaded") continue;
      // No payload has this name. One whose name only looks like this line must not be passed over.
      const others = await this.#ask(otherNames(lines, at), deadline);
      if ([...others.values()].some((other) => other !== "absent"))
        throw doubt(lines[at] ?? "", where);
    }
    return new Set([...answers].filter(([, answer]) => answer === "loaded").map(([name]) => name));
  }

  async #ask(names: readonly string[], deadline: Deadline): Promise<ReadonlyMap<string, Answer>> {
    const args = [...new Set(names)];
    if (args.length === 0) return new Map();
    const task = "ask for payloads by their names";
    const remote = withTemporaryFile({ task, script: ASK, args }, NO_PAYLOAD);
    const { stdout } = await this.#connection.run(remote, deadline);
    const answers = stdout.split("\n");
    return new Map(args.map((name, at) => [name, answerOf(answers[at])]));
  }
}

function answerOf(text: string | undefined): Answer {
  return text === "loaded" || text === "absent" ? text : "unclear";
}

/** Names that the tool would print so that the line comes out as it is. */
function otherNames(lines: readonly string[], at: number): readonly string[] {
  const [plain = "", ...longer] = namesInLine(lines[at] ?? "");
  const blanks = Array.from({ length: Math.max(0, PADDED_TO - plain.length) }, (_, count) =>
    plain.padEnd(plain.length + count + 1),
  );
  const above = Array.from({ length: Math.min(LINES_ABOVE_MAX, at) }, (_, count) =>
    lines.slice(at - count - 1, at).join("\n"),
  );
  const broken = above.flatMap((text) => [plain, ...longer].map((name) => `${text}\n${name}`));
  return [...longer, ...blanks, ...broken].filter(
    (name) => Buffer.byteLength(name) <= NAME_BYTES_MAX,
  );
}

function doubt(line: string, where: string): HostError {
  return new HostError({
    code: "host/unsupported",
    problem: `Cannot tell which payloads are loaded: Xen does not confirm the line "${line}"`,
    where,
    expected: "lines of which Xen knows the names",
    remedy:
      "a payload's name or metadata may look like a line of this list; install xsplice on that host, which reads no such text",
  });
}
