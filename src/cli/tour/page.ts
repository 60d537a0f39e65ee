// How the tour looks: numbered steps, paragraphs, facts and code, in plain text that needs no
// colours. On a terminal that wants them, headings are bold and code is dim.

import { type CommandIo, type Output, wantsColour } from "../io.ts";

const WIDTH = 80;
const INDENT = "   ";
const FACT_COLUMNS = 10;

export class TourPage {
  readonly #output: Output;
  readonly #hasColour: boolean;
  #step = 0;

  constructor(output: Output, env: CommandIo["env"]) {
    this.#output = output;
    this.#hasColour = wantsColour(output, env);
  }

  title(text: string): void {
    this.#styled("1", text);
    this.#output.write("\n");
  }

  /** A heading with the next number. */
  step(text: string): void {
    this.#step += 1;
    this.#output.write("\n");
    this.#styled("1", `${this.#step}. ${text}`);
    this.#output.write("\n");
  }

  /** A paragraph. */
  words(text: string): void {
    const lines = wrap(text.replace(/\s+/g, " ").trim(), WIDTH - INDENT.length);
    this.#output.write(`${lines.map((line) => `${INDENT}${line}`).join("\n")}\n`);
  }

  gap(): void {
    this.#output.write("\n");
  }

  /** One thing that was seen, not explained. */
  fact(name: string, value: string): void {
    this.#output.write(`${INDENT}  ${name.padEnd(FACT_COLUMNS)} `);
    this.#styled("36", value);
    this.#output.write("\n");
  }

  code(lines: readonly string[]): void {
    for (const line of lines) {
      this.#output.write(`${INDENT}  `);
      this.#styled("36", line);
      this.#output.write("\n");
    }
  }

  /** The sequences are bytes, which the terminal obeys (terminal-door.ts). */
  #styled(code: string, text: string): void {
    if (this.#hasColour) this.#output.write(Buffer.from(`\u001b[${code}m`));
    this.#output.write(text);
    if (this.#hasColour) this.#output.write(Buffer.from("\u001b[0m"));
  }
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
