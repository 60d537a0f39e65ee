import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { shareFile } from "../../lab/share-file.ts";
import { findClosest } from "../completion/closest-name.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { TopCommand } from "../spec.ts";
import { UsageError } from "../usage-error.ts";

export const schemaCommand: TopCommand = {
  name: "schema",
  description: [
    "What a command prints with --json, as a JSON Schema (draft 2020-12) for validators and generators of code. It names the forms that the document may have, with the one of an error last. The files are in share/schema/ of the package.",
    "Documents say the version of their form. New fields may come without a new version; a field that is gone, or means something else, gives another one.",
  ],
  arguments: [
    {
      name: "COMMAND",
      description: 'such as list, or "lab up"; without it, all are listed',
      count: "many",
      completes: "command",
    },
  ],
  options: [],
  examples: [
    { command: "xsplice schema list", explains: "what xsplice list --json prints" },
    { command: "xsplice schema lab up > lab-up.schema.json", explains: "keep it, for a validator" },
  ],
  kind: "own",
  run: async (call) => {
    const folder = shareFile("schema");
    const known = readdirSync(folder)
      .sort()
      .map((file) => ({
        command: file.replace(/\.json$/, "").replaceAll("-", " "),
        file: join(folder, file),
      }));
    if (call.args.length === 0) {
      emit(call, "schema", { schemas: known }, () =>
        known.map(({ command }) => `${command}\n`).join(""),
      );
      return ExitCode.success;
    }
    const wanted = call.args.join(" ");
    const found = known.find(({ command }) => command === wanted);
    if (found === undefined) throw noSchema(wanted, known);
    const text = readFileSync(found.file, "utf8");
    emit(call, "schema", { schema: JSON.parse(text) }, () => text);
    return ExitCode.success;
  },
};

function noSchema(wanted: string, known: readonly { readonly command: string }[]): UsageError {
  const closest = findClosest(
    wanted,
    known.map(({ command }) => command),
  );
  return new UsageError({
    code: "usage/unknown-command",
    problem: `Cannot show the schema of "${wanted}": no command of that name has a document of its own`,
    where: "COMMAND",
    remedy: `${closest === undefined ? "" : `did you mean "${closest}"? `}"xsplice schema" lists those that have one; vex prints documents of OpenVEX and CSAF`,
  });
}
