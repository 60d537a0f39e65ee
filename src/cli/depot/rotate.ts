import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { CommandCall, CommandSpec } from "../spec.ts";
import { passphraseOption, readPassphrase } from "./passphrase.ts";
import { depotArgument, keysOption } from "./signing.ts";

const MORE_MAX = 64;

export const rotateCommand: CommandSpec = {
  name: "rotate",
  summary: "exchange, add or revoke the keys of a role",
  description: [
    "Without --revoke, makes as many new keys as the role has, and drops the old ones. With --revoke, only the named ones are dropped, and as many are made in their place unless --count says otherwise. Hosts learn of it when it is published; a revoked key's signatures count for nothing from then on.",
    "A new root must be signed by keys of the root before it. When keys of root, targets, snapshot or timestamp change, publish with the old keys at hand as well, if you can: then no host ever sees a depot that it does not believe.",
  ],
  arguments: [
    depotArgument,
    { name: "ROLE", description: "root, targets, snapshot, timestamp or a channel", count: "one" },
  ],
  options: [
    {
      name: "revoke",
      value: "KEY-ID",
      repeatable: "yes",
      description: "a key to be dropped, by its id as depot status shows it, or its beginning",
    },
    {
      name: "count",
      value: "NUMBER",
      range: { min: 0, max: MORE_MAX },
      description: "how many new keys to make",
      default: "as many as are dropped",
    },
    {
      name: "public-key",
      value: "HEX",
      repeatable: "yes",
      description: "a key of somebody else, or of a command that signs, to be added: 64 hex digits",
    },
    {
      name: "threshold",
      value: "NUMBER",
      range: { min: 1, max: MORE_MAX },
      description: "how many keys have to sign from now on",
    },
    { ...keysOption, description: "where new keys go", required: "always" },
    passphraseOption,
  ],
  examples: [
    {
      command: "xsplice depot rotate depot stable --keys keys",
      explains: "a new key for the channel",
    },
    {
      command: "xsplice depot rotate depot timestamp --revoke 3f9a01 --keys keys",
      explains: "that key was stolen",
    },
  ],
  kind: "own",
  run: rotate,
};

async function rotate(call: CommandCall): Promise<number> {
  const [depot = "", role = ""] = call.args;
  const { options } = call;
  const [{ changeKeys, roleOfDraft }, { readDraft }, { makeKeys }, { keyIdOf }] = await Promise.all(
    [
      import("../../depot/draft/create.ts"),
      import("../../depot/draft/draft.ts"),
      import("../../depot/keys/key-file.ts"),
      import("../../depot/keys/signer.ts"),
    ],
  );
  const revoked = options.texts("revoke");
  const given = options.texts("public-key").map((key) => key.toLowerCase());
  const { keys } = roleOfDraft(readDraft(depot), role);
  const dropped = revoked.length > 0 ? revoked.length : given.length > 0 ? 0 : keys.length;
  const count = options.number("count") ?? dropped;
  const passphrase = count === 0 ? "" : await readPassphrase(call, "known");
  const folder = options.requiredText("keys");
  const made = count === 0 ? [] : makeKeys(folder, Array(count).fill(role), passphrase);
  const add = [...made.map(({ publicKey }) => publicKey), ...given];
  const remove = revoked.length > 0 || given.length > 0 ? revoked : ("all" as const);
  const gone = await changeKeys(depot, {
    role,
    add,
    remove,
    threshold: options.number("threshold"),
  });
  const added = add.map(keyIdOf);
  emit(call, "depot rotate", { role, added, dropped: gone }, () =>
    [
      ...added.map((id) => `${role}: new key ${id}`),
      ...gone.map((id) => `${role}: dropped key ${id}`),
      "hosts learn of it after depot publish",
      "",
    ].join("\n"),
  );
  return ExitCode.success;
}
