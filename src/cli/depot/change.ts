// What leaves a channel, and what goes from one to another.

import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { OptionSpec } from "../option-spec.ts";
import type { CommandSpec } from "../spec.ts";
import { depotArgument } from "./signing.ts";

const basesOption: OptionSpec = {
  name: "of-base",
  value: "BASE",
  repeatable: "yes",
  description: "build-id or label of a base; by default all of them",
};

const channelOption = (name: string, description: string): OptionSpec => ({
  name,
  value: "NAME",
  required: "always",
  description,
});

export const promoteCommand: CommandSpec = {
  name: "promote",
  summary: "give one channel what another one has",
  description: [
    "The second channel gets the same payloads, and no others: the files that were tried are the files that arrive. Hosts see it after depot publish, which needs the keys of that channel.",
  ],
  arguments: [depotArgument],
  options: [
    channelOption("from", "the channel that has it"),
    channelOption("to", "the channel that gets it"),
    basesOption,
  ],
  examples: [
    {
      command: "xsplice depot promote depot --from edge --to stable",
      explains: "for all bases",
    },
  ],
  kind: "own",
  run: async (call) => {
    const [depot = ""] = call.args;
    const { options } = call;
    const { promote } = await import("../../depot/draft/move.ts");
    const [from, to] = [options.requiredText("from"), options.requiredText("to")];
    const changed = await promote(depot, { from, to, bases: options.texts("of-base") });
    emit(call, "depot promote", { from, to, changed }, () => renderChanged(to, changed));
    return ExitCode.success;
  },
};

export const revokeCommand: CommandSpec = {
  name: "revoke",
  summary: "take payloads out of a channel: hosts remove them at their next update",
  description: [
    "Hosts that run such a payload revert it with their next update, once this is published. To revoke a key, see depot rotate.",
  ],
  arguments: [
    depotArgument,
    { name: "NAME", description: "names of payloads", count: "one-or-many" },
  ],
  options: [channelOption("channel", "the channel"), basesOption],
  examples: [
    {
      command: "xsplice depot revoke depot xsa-486 --channel stable",
      explains: "hosts on stable revert it",
    },
  ],
  kind: "own",
  run: async (call) => {
    const [depot = "", ...names] = call.args;
    const { options } = call;
    const { withdraw } = await import("../../depot/draft/move.ts");
    const channel = options.requiredText("channel");
    const changed = await withdraw(depot, { channel, names, bases: options.texts("of-base") });
    emit(call, "depot revoke", { channel, revoked: names, changed }, () =>
      renderChanged(channel, changed),
    );
    return ExitCode.success;
  },
};

function renderChanged(channel: string, bases: readonly string[]): string {
  if (bases.length === 0) return `${channel} is as it was\n`;
  return `${channel} changes for ${bases.join(", ")}; hosts see it after depot publish\n`;
}
