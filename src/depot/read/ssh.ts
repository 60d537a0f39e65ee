// A depot in a directory of another machine, read by the system's ssh: its configuration, keys and agent
// apply. What a login shell prints before or after the file is left out by a mark and a length.

import { type StdioOptions, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { killStarted, newMark } from "../../processes/mark.ts";
import { quoteWord } from "../../quote-word.ts";
import { stateOfProgram } from "../../system-state.ts";
import { DepotError } from "../errors.ts";
import { tooLong, unreachable } from "./limits.ts";
import type { DepotSource, SourceOptions } from "./source-form.ts";

const NO_FILE = 44;
/** Of greetings and the line with the length. */
const BEFORE_MAX = 1024 * 1024;

export function sshSource(place: string, { signal, deadlineMs }: SourceOptions): DepotSource {
  const { destination, folder } = placeOf(place);
  return {
    place,
    read: async (path, maxLength) => {
      const mark = randomBytes(12).toString("hex");
      const file = quoteWord(`${folder}/${path}`);
      const script = `cd ${quoteWord(folder)}/metadata || exit 45; [ -f ${file} ] || exit ${NO_FILE}; printf '\\n%s %s\\n' ${mark} "$(wc -c < ${file})"; head -c ${maxLength + 1} ${file}`;
      const words = ["-T", "-o", "BatchMode=yes", "--", destination, `sh -c ${quoteWord(script)}`];
      const limit = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
      const { code, stdout, stderr } = await run(words, BEFORE_MAX + maxLength + 1, limit).catch(
        (cause) => {
          signal.throwIfAborted();
          throw unreachable(
            place,
            path,
            limit.aborted ? `no end within ${deadlineMs} ms` : stateOfProgram(cause),
            cause,
          );
        },
      );
      if (code === NO_FILE) return undefined;
      if (stdout.length > BEFORE_MAX + maxLength) throw tooLong(place, path, maxLength);
      const head = new RegExp(`\\n${mark} +(\\d+)\\n`).exec(stdout.toString("latin1"));
      if (head === null || code !== 0) {
        throw unreachable(place, path, stderr.trim().slice(-500) || `ssh ended with ${code}`);
      }
      const length = Number(head[1]);
      if (length > maxLength) throw tooLong(place, path, maxLength);
      const start = head.index + head[0].length;
      return new Uint8Array(stdout.subarray(start, start + length));
    },
  };
}

function placeOf(place: string): { readonly destination: string; readonly folder: string } {
  const [, destination, folder] = /^ssh:([^:/-][^:/]*):?(\/.+)$/.exec(place) ?? [];
  if (destination !== undefined && folder !== undefined) {
    return { destination, folder: folder.replace(/\/+$/, "") };
  }
  throw new DepotError({
    code: "depot/bad-request",
    problem: `Cannot read a depot from "${place}"`,
    expected: "ssh:USER@HOST:/PATH",
  });
}

interface Ended {
  /** `null` where it was ended for what it printed. */
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Whoever gives it up ends all that it has started, such as the command that connects it. */
function run(words: readonly string[], maxLength: number, signal: AbortSignal): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const mark = newMark();
    const stdio: StdioOptions = ["ignore", "pipe", "pipe"];
    const child = spawn("ssh", words, { stdio, env: mark.environment });
    const end = (): void => {
      killStarted(child.pid, mark);
      child.kill("SIGKILL");
      for (const stream of [child.stdout, child.stderr]) stream?.destroy();
    };
    const giveUp = (): void => {
      end();
      reject(signal.reason);
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true });
    const chunks: Buffer[] = [];
    let [length, said] = [0, ""];
    child.stdout?.on("data", (chunk: Buffer) => {
      length += chunk.length;
      chunks.push(chunk);
      if (length > maxLength) end();
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000);
    });
    child.on("error", reject);
    child.on("close", (code) => {
      signal.removeEventListener("abort", giveUp);
      resolve({ code, stdout: Buffer.concat(chunks), stderr: said });
    });
  });
}
