// A depot in one file, and back.

import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { readInputFile } from "../read-input-file.ts";
import type { CommandSpec } from "../spec.ts";
import { depotArgument } from "./signing.ts";

const ARCHIVE_MAX = 2 * 1024 ** 3 - 1;

export const exportCommand: CommandSpec = {
  name: "export",
  summary: "write a published depot into one file",
  description: [
    "For a network without a way out: a tar of what a web server serves, without the draft. The same depot gives the same file.",
  ],
  arguments: [
    depotArgument,
    { name: "FILE", description: "the file to write", count: "one", completes: "file" },
  ],
  options: [],
  examples: [{ command: "xsplice depot export depot depot.tar", explains: "to be carried there" }],
  kind: "own",
  run: async (call) => {
    const [depot = "", file = ""] = call.args;
    const [{ packDepot }, { viewDepot }, { writeFileAtomically }] = await Promise.all([
      import("../../depot/publish/archive.ts"),
      import("../../depot/publish/view.ts"),
      import("../../builder/write-file.ts"),
    ]);
    viewDepot(depot, new Date());
    const bytes = packDepot(depot);
    await writeFileAtomically(file, bytes);
    emit(
      call,
      "depot export",
      { file, sizeBytes: bytes.length },
      () => `${file}: ${bytes.length} bytes\n`,
    );
    return ExitCode.success;
  },
};

export const importCommand: CommandSpec = {
  name: "import",
  summary: "unpack a depot from one file, for hosts to read",
  description: [
    "Into a new directory, or one with an older state of the same depot. Hosts that read meanwhile see one state or the other. Nothing of it has to be believed: hosts judge it as they judge every mirror.",
  ],
  arguments: [
    { name: "FILE", description: "what depot export has written", count: "one", completes: "file" },
    { name: "DIR", description: "the directory to serve", count: "one", completes: "file" },
  ],
  options: [],
  examples: [
    { command: "xsplice depot import depot.tar /srv/depot", explains: "on the other side" },
  ],
  kind: "own",
  run: async (call) => {
    const [file = "", folder = ""] = call.args;
    const limit = {
      sizeMax: ARCHIVE_MAX,
      reason: "more than is read at once",
      signal: call.io.signal,
    };
    const bytes = await readInputFile(file, limit);
    const { unpackDepot } = await import("../../depot/publish/archive.ts");
    const files = unpackDepot(bytes, file, folder);
    emit(call, "depot import", { folder, files }, () => `${folder}: ${files} files\n`);
    return ExitCode.success;
  },
};
