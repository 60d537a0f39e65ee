import { defaultDays } from "../../depot/draft/defaults.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { CommandCall, CommandSpec } from "../spec.ts";
import { UsageError } from "../usage-error.ts";
import { passphraseOption, readPassphrase } from "./passphrase.ts";
import { readRoleWords, roleWord } from "./role-words.ts";
import { depotArgument, keysOption } from "./signing.ts";

const topRoles = ["root", "targets", "snapshot", "timestamp"] as const;

export const initCommand: CommandSpec = {
  name: "init",
  summary: "make a depot, and the keys that sign for it",
  description: [
    "Makes the directory, and for each role of The Update Framework (root, targets, snapshot, timestamp, and each channel) a key in the directory of --keys, encrypted with a passphrase. Keep the keys elsewhere than the depot. The root's keys are needed only when keys change: keep them off line.",
    "The depot says nothing until it is published. Give its root to those who shall trust it: metadata/1.root.json, or its fingerprint, which depot status shows.",
  ],
  arguments: [depotArgument],
  options: [
    {
      name: "channel",
      value: "NAME",
      repeatable: "yes",
      required: "always",
      description: "a channel, such as edge or stable",
    },
    { ...keysOption, required: "always", description: "where the new keys go" },
    {
      name: "count",
      value: "ROLE=NUMBER",
      repeatable: "yes",
      description: "how many keys to make for a role; 0 where all are given with --public-key",
      default: "1",
    },
    {
      name: "threshold",
      value: "ROLE=NUMBER",
      repeatable: "yes",
      description: "how many keys have to sign for a role",
      default: "1",
    },
    {
      name: "rebuilt",
      value: "CHANNEL",
      repeatable: "yes",
      description:
        "whoever signs for this channel has built each of its payloads as well (xsplice rebuild)",
    },
    {
      name: "public-key",
      value: "ROLE=HEX",
      repeatable: "yes",
      description: "a key of somebody else, or of a command that signs: 64 hex digits",
    },
    {
      name: "days",
      value: "ROLE=NUMBER",
      repeatable: "yes",
      description: "how long a signature of a role is believed",
      default: `root and targets 365, a channel ${defaultDays.channel}, snapshot 30, timestamp 7`,
    },
    passphraseOption,
  ],
  examples: [
    {
      command: "xsplice depot init depot --channel edge --channel stable --keys keys",
      explains: "two channels, one key for each role",
    },
    {
      command:
        "xsplice depot init depot --channel stable --keys keys --count root=3 --threshold root=2",
      explains: "two of three people have to agree when keys change",
    },
  ],
  kind: "own",
  run: init,
};

async function init(call: CommandCall): Promise<number> {
  const [depot = ""] = call.args;
  const channels = [...new Set(call.options.texts("channel"))];
  const known = [...topRoles, ...channels];
  const counts = readRoleWords(call, "count", known, "0");
  const thresholds = readRoleWords(call, "threshold", known, "1");
  const days = readRoleWords(call, "days", known, "1");
  const given = call.options.texts("public-key").map((word) => roleWord("public-key", word, known));
  const [{ initDepot }, { makeKeys }, { requireNoDepot }, { requireChannelName }] =
    await Promise.all([
      import("../../depot/draft/create.ts"),
      import("../../depot/keys/key-file.ts"),
      import("../../depot/draft/draft.ts"),
      import("../../depot/form.ts"),
    ]);
  const rebuilt = call.options.texts("rebuilt");
  requireChannels(rebuilt, channels);
  // Before keys are made for nothing.
  requireNoDepot(depot);
  channels.forEach(requireChannelName);
  const passphrase = await readPassphrase(call, "new");
  const wanted = known.flatMap((role) => Array(counts.get(role) ?? 1).fill(role) as string[]);
  const made = makeKeys(call.options.requiredText("keys"), wanted, passphrase);
  const roleOf = (role: string) => ({
    keys: [
      ...made.filter((key) => key.role === role).map(({ publicKey }) => publicKey),
      ...given.filter(([name]) => name === role).map(([, key]) => key.toLowerCase()),
    ],
    threshold: thresholds.get(role) ?? 1,
    days: days.get(role) ?? defaultDays[topRoles.find((top) => top === role) ?? "channel"],
  });
  const [root, targets, snapshot, timestamp] = topRoles.map(roleOf);
  if (!root || !targets || !snapshot || !timestamp) throw new Error("four roles are four roles");
  const channelRoles = channels.map((name) => [name, roleOf(name)] as const);
  const roles = { root, targets, snapshot, timestamp };
  initDepot(depot, roles, Object.fromEntries(channelRoles), rebuilt);
  const keys = made.length;
  emit(call, "depot init", { depot, channels, keys }, () =>
    [
      `${depot} is a depot with ${channels.length === 1 ? "the channel" : "the channels"} ${channels.join(", ")}`,
      `${keys} keys are in ${call.options.requiredText("keys")}: keep them, and their passphrase, elsewhere`,
      "next: xsplice depot base, add, publish",
      "",
    ].join("\n"),
  );
  return ExitCode.success;
}

function requireChannels(names: readonly string[], channels: readonly string[]): void {
  const unknown = names.find((name) => !channels.includes(name));
  if (unknown === undefined) return;
  throw new UsageError({
    code: "usage/bad-value",
    problem: `Cannot have the channel "${unknown}" rebuilt: the depot gets none of that name`,
    where: "--rebuilt",
    expected: `one of ${channels.join(", ")}`,
  });
}
