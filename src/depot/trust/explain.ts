// What tuf-js says when it does not believe, in words that tell what is wrong, and who may be.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DownloadHTTPError, ExpiredMetadataError } from "tuf-js/dist/error.js";
import { codeOfSystemError, systemStateOf } from "../../system-state.ts";
import { DepotError } from "../errors.ts";
import { readMetadata } from "../publish/signed-files.ts";
import type { DepotSource } from "../read/source-form.ts";

export interface Context {
  /** What was believed so far. */
  readonly work: string;
  readonly source: DepotSource;
  readonly now: Date;
  /** Why a file could not be read. */
  readonly trouble: () => DepotError | undefined;
}

/** Errors of the system and of ours stay what they are. */
export function explain(error: unknown, context: Context): unknown {
  const known = error instanceof DepotError ? error : context.trouble();
  if (known !== undefined) return known;
  if (codeOfSystemError(error) !== undefined) return error;
  const { place } = context.source;
  const words = error instanceof Error ? error.message : String(error);
  const disk = /error: Error: (ENOSPC|EDQUOT|EROFS|EIO|EACCES)\b/.exec(words);
  if (disk !== null) {
    const state = systemStateOf(Object.assign(new Error(), { code: disk[1] }));
    return new DepotError({
      code: "depot/damaged",
      problem: `Cannot keep what the depot has signed: ${state}`,
      where: context.work,
      remedy:
        "make room, or set TMPDIR to another directory; what was believed before is as it was",
    });
  }
  if (error instanceof ExpiredMetadataError || /is expired/.test(words)) {
    return expired(words, context, error);
  }
  if (error instanceof DownloadHTTPError || /there is no such file/.test(words)) {
    return new DepotError(
      {
        code: "depot/not-trusted",
        problem: "Cannot believe the depot: a file is missing that another one names",
        where: `${place}\n${words}`,
        expected: "timestamp.json, and every file that it leads to",
        remedy: "try it again: a mirror may be in the middle of a copy; or try another mirror",
      },
      { cause: error },
    );
  }
  return new DepotError(
    {
      code: "depot/not-trusted",
      problem: `Cannot believe the depot: ${stateOf(words)}`,
      where: `${place}\n${words}`,
      expected:
        "metadata that the keys of the trusted root have signed, newer than what was seen before",
      remedy:
        "nothing was changed; try another mirror, and if it says the same, ask the depot's vendor by another way",
    },
    { cause: error },
  );
}

function stateOf(words: string): string {
  if (/was signed by \d+\/\d+ keys/.test(words)) {
    return "too few of the keys that have to sign it have done so";
  }
  if (/less than current|Expected version|does not match|doesn't match/.test(words)) {
    return "the versions do not fit: something old is served, or parts of different times";
  }
  if (/Max length|longer/.test(words)) return "a file has no end";
  if (/hash|length/i.test(words)) return "a file is not the one that was signed";
  if (/JSON/.test(words)) return "a file is cut off, or is no metadata";
  return "what it serves is not what its keys have signed";
}

function expired(words: string, { work, source, now }: Context, cause: unknown): DepotError {
  const role = /(\w[\w-]*)\.json/.exec(words)?.[1] ?? "timestamp";
  const until = expiryOf(work, role);
  const told = source.toldTime?.();
  const clocks = [
    `this machine: ${now.toISOString()}`,
    ...(told === undefined ? [] : [`the server: ${told.toISOString()}, which nobody has signed`]),
  ];
  return new DepotError(
    {
      code: "depot/expired",
      problem: `Cannot believe the depot: its ${role} ${until === undefined ? "has expired" : `was to be believed until ${until.toISOString()}`}`,
      where: `${source.place}\n${clocks.join("\n")}`,
      expected: "something that was signed lately: whoever serves old answers hides newer fixes",
      remedy: `look at this machine's clock first; then ask the depot's vendor whether it is refreshed (xsplice depot refresh)`,
    },
    { cause },
  );
}

function expiryOf(work: string, role: string): Date | undefined {
  const name = readdirSync(work).find((one) => one === `${role}.json`);
  if (name === undefined) return undefined;
  try {
    const expires = readMetadata(join(work, name))?.signed.expires;
    return expires === undefined ? undefined : new Date(expires);
  } catch {
    return undefined;
  }
}
