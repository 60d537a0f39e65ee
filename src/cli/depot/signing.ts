// Who signs, as options of the commands that publish.

import type { Signer } from "../../depot/keys/signer.ts";
import type { MissingSignatures, NotRebuilt, Published } from "../../depot/publish/publish-form.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { OptionSpec } from "../option-spec.ts";
import type { ArgumentSpec, CommandCall } from "../spec.ts";
import { passphraseOption, readPassphrase } from "./passphrase.ts";

export const depotArgument: ArgumentSpec = {
  name: "DEPOT",
  description: "the depot's directory",
  count: "one",
  completes: "file",
};

export const keysOption: OptionSpec = {
  name: "keys",
  value: "DIR",
  completes: "file",
  description: "a directory of keys; those that have to sign are taken",
};

export const signingOptions: readonly OptionSpec[] = [
  { ...keysOption, repeatable: "yes", required: { unless: ["signer"] } },
  {
    name: "signer",
    value: "COMMAND",
    repeatable: "yes",
    description:
      'a command that signs with a key that xSplice never sees: "COMMAND public" prints the public key, "COMMAND sign" reads bytes and prints their signature, both in hex',
  },
  passphraseOption,
];

export async function readSigners(
  call: CommandCall,
): Promise<(keyIds: ReadonlySet<string>) => readonly Signer[]> {
  const [{ openKeys }, { commandSigner }] = await Promise.all([
    import("../../depot/keys/key-file.ts"),
    import("../../depot/keys/command-signer.ts"),
  ]);
  const folders = call.options.texts("keys");
  const passphrase = folders.length === 0 ? "" : await readPassphrase(call, "known");
  const commands = call.options.texts("signer").map(commandSigner);
  return (keyIds) => [
    ...commands.filter(({ keyId }) => keyIds.has(keyId)),
    ...folders.flatMap((folder) => openKeys(folder, keyIds, () => passphrase)),
  ];
}

export function emitPublished(call: CommandCall, report: Published): number {
  emit(call, "depot publish", report, () => renderPublished(report));
  return report.kind === "published" ? ExitCode.success : ExitCode.incomplete;
}

function renderPublished(report: Published): string {
  if (report.kind === "waiting") {
    const lines = [
      "Nothing is published yet: signatures are missing.",
      ...report.missing.map(missingLine),
      ...report.notRebuilt.map(notRebuiltLine),
    ];
    return `${lines.join("\n")}\n`;
  }
  const versions = Object.entries(report.versions).map(([role, version]) => `${role} ${version}`);
  return `published: ${versions.join(", ")}\nsigned anew: ${report.signed.join(", ")}\nto be believed until ${report.expires.toISOString()}\n`;
}

function missingLine({ role, have, need, keyIds }: MissingSignatures): string {
  return `  ${role}: ${have} of ${need}; who can sign as well: ${keyIds.map((id) => id.slice(0, 12)).join(", ")}`;
}

function notRebuiltLine({ channel, base, name, sha256 }: NotRebuilt): string {
  return `  ${channel} is not signed by these keys: ${name} (${base}) has not been built here: xsplice rebuild; SHA-256 ${sha256}`;
}
