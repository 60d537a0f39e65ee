import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { DepotError } from "../../depot/errors.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { readInputFile } from "../read-input-file.ts";
import type { CommandCall, CommandSpec } from "../spec.ts";
import { trustFolder } from "./state-folder.ts";

const ROOT_SIZE_MAX = 512_000;

export const trustCommand: CommandSpec = {
  name: "trust",
  summary: "say which depot this machine believes, and by which root",
  description: [
    "PLACE is a directory, https://HOST/PATH, or ssh:USER@HOST:/PATH; http: only from this machine itself. The root is the first word: get its file, or its fingerprint, by another way than the depot itself. All later roots follow from it.",
    "The depot is asked at once, so that what does not work is told now.",
  ],
  arguments: [
    { name: "PLACE", description: "where the depot is", count: "one", completes: "file" },
  ],
  options: [
    {
      name: "root",
      value: "FILE",
      completes: "file",
      description: "metadata/N.root.json of the depot, as its vendor gave it to you",
      required: { unless: ["fingerprint"] },
      excludes: [{ option: "fingerprint", because: "one of both says which root it is" }],
    },
    {
      name: "fingerprint",
      value: "HEX",
      description: "SHA-256 of that file, as the vendor reads it aloud; spaces do not count",
    },
    {
      name: "channel",
      value: "NAME",
      description: "the channel that status and update use",
      default: "stable",
    },
    {
      name: "replace",
      description: "in place of the depot that is trusted now, and all that is known of it",
    },
  ],
  examples: [
    {
      command: "xsplice depot trust https://depot.example.org/xen --root root.json",
      explains: "with the root's file",
    },
    {
      command: 'xsplice depot trust /srv/depot --channel edge --fingerprint "3f9a01c2 …"',
      explains: "a directory, with all 64 digits of the fingerprint",
    },
  ],
  kind: "own",
  run: trust,
};

async function trust(call: CommandCall): Promise<number> {
  const [word = ""] = call.args;
  const { options, io, globals } = call;
  const [{ openSource }, { findRoot, requireRoot }, { lockTrust, writeTrust, trustFolders }] =
    await Promise.all([
      import("../../depot/read/source.ts"),
      import("../../depot/trust/begin.ts"),
      import("../../depot/trust/state.ts"),
    ]);
  const place = /^[a-z][a-z0-9+.-]+:/i.test(word) ? word : resolve(word);
  const folder = trustFolder(io.env);
  if (existsSync(trustFolders(folder).trust) && !options.has("replace")) throw trustsOne(folder);
  const source = openSource(place, { signal: io.signal, deadlineMs: globals.deadlineMs });
  const file = options.text("root");
  const limit = { sizeMax: ROOT_SIZE_MAX, reason: "more than a root has", signal: io.signal };
  const root =
    file === undefined
      ? await findRoot(source, options.requiredText("fingerprint"))
      : await readInputFile(file, limit);
  requireRoot(root, file ?? place);
  const channel = options.text("channel") ?? "stable";
  {
    using _ = lockTrust(folder);
    writeTrust(folder, { format: 1, place, channel }, root);
  }
  const { withTrusted } = await import("../../depot/trust/trusted.ts");
  const view = await withTrusted(folder, source, { now: new Date() }, async (one) => one);
  const { signedAt, expires } = view;
  emit(call, "depot trust", { place, channel, signedAt, expires }, () => {
    return `trusts ${place}, channel ${channel}; its word is believed until ${expires.toISOString()}\n`;
  });
  return ExitCode.success;
}

function trustsOne(folder: string): DepotError {
  return new DepotError({
    code: "depot/bad-request",
    problem: "Cannot trust another depot: this machine trusts one already",
    where: folder,
    expected: "one depot for a machine",
    remedy: "give --replace if it is to be forgotten, with all that protects from its old answers",
  });
}
