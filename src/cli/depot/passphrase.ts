// The passphrase of keys: typed without being shown, from a file, or from the environment. It never stands
// on a command line, which all users of a machine can read.

import { DepotError } from "../../depot/errors.ts";
import type { OptionSpec } from "../option-spec.ts";
import { readInputFile } from "../read-input-file.ts";
import type { CommandCall } from "../spec.ts";

const SIZE_MAX = 4096;

export const passphraseOption: OptionSpec = {
  name: "passphrase-file",
  value: "FILE",
  completes: "file",
  description:
    "the passphrase of the keys, in its first line; otherwise $XSPLICE_PASSPHRASE, or it is asked for",
};

/** @param asked `new`: twice, so that nobody locks himself out. @throws DepotError depot/key */
export async function readPassphrase(
  { options, io, globals }: CommandCall,
  asked: "new" | "known",
): Promise<string> {
  const file = options.text("passphrase-file");
  if (file !== undefined) {
    const limit = { sizeMax: SIZE_MAX, reason: "more than a passphrase has", signal: io.signal };
    const [line = ""] = new TextDecoder().decode(await readInputFile(file, limit)).split(/\r?\n/);
    return requireSome(line, file);
  }
  const given = io.env["XSPLICE_PASSPHRASE"];
  if (given !== undefined) return requireSome(given, "$XSPLICE_PASSPHRASE");
  const isPerson = io.stdin.isTTY === true && io.stderr.isTTY === true && globals.output === "text";
  if (!isPerson) throw noPassphrase("nobody can be asked: this is not a terminal");
  const first = await ask(io, "Passphrase of the keys: ");
  if (asked === "new" && (await ask(io, "Once more: ")) !== first) {
    throw noPassphrase("it was typed differently the second time");
  }
  return requireSome(first, "what was typed");
}

function requireSome(text: string, where: string): string {
  if (text !== "") return text;
  throw noPassphrase(`${where} is empty`);
}

function noPassphrase(state: string): DepotError {
  return new DepotError({
    code: "depot/key",
    problem: `Cannot open the keys: ${state}`,
    expected: "a passphrase",
    remedy: "give it with --passphrase-file or in $XSPLICE_PASSPHRASE, or sign with --signer",
  });
}

/** A terminal that cannot hide what is typed shows it. */
async function ask({ stdin, stderr, signal }: CommandCall["io"], words: string): Promise<string> {
  const raw = stdin as typeof stdin & { readonly setRawMode?: (on: boolean) => void };
  stderr.write(words);
  raw.setRawMode?.(true);
  let typed = "";
  try {
    for await (const chunk of stdin.iterator({ destroyOnReturn: false })) {
      signal.throwIfAborted();
      for (const letter of String(chunk)) {
        if (letter === "\r" || letter === "\n") return typed;
        if (letter === "\u0003" || letter === "\u0004") throw noPassphrase("it was not given");
        typed = letter === "\u007f" ? typed.slice(0, -1) : typed + letter;
      }
    }
    return typed;
  } finally {
    raw.setRawMode?.(false);
    stderr.write("\n");
  }
}
