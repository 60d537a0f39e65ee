import type { Published, PublishOptions } from "../../depot/publish/publish-form.ts";
import type { CommandCall, CommandSpec } from "../spec.ts";
import { depotArgument, emitPublished, readSigners, signingOptions } from "./signing.ts";
import { madeHereFolder } from "./state-folder.ts";

type Publish = (depot: string, options: PublishOptions) => Promise<Published>;

export const publishCommand: CommandSpec = {
  name: "publish",
  summary: "sign what changed, and let hosts see it",
  description: [
    "Signs everything before it writes the first file, and hosts see the change in one moment. If somebody kills it, hosts see what was there before; run it again.",
    "For a channel whose builders have to rebuild (depot init --rebuilt), it signs only what xsplice rebuild or xsplice matrix has made on this machine, byte by byte.",
    "Where more signatures are needed than the given keys make, it keeps those that it has, publishes nothing, says who has to sign as well, and exits 2: the others run the same command on the same depot, each with the own keys.",
  ],
  arguments: [depotArgument],
  options: [
    ...signingOptions,
    {
      name: "only-rebuilt",
      description:
        "sign for no channel with a payload that was not made on this machine, whatever the depot asks for",
    },
  ],
  examples: [
    {
      command: "xsplice depot publish depot --keys keys --passphrase-file secret",
      explains: "with keys from a directory",
    },
    {
      command: 'xsplice depot publish depot --signer "my-token --slot 2"',
      explains: "with a key in a token",
    },
  ],
  kind: "own",
  run: async (call) => run(call, (await import("../../depot/publish/publish.ts")).publish),
};

export const refreshCommand: CommandSpec = {
  name: "refresh",
  summary: "sign anew that the depot is alive",
  description: [
    "Hosts believe a timestamp for some days only, so that nobody can hide newer fixes from them. A timer runs this with the keys of timestamp and snapshot; it changes nothing of what the depot says.",
  ],
  arguments: [depotArgument],
  options: signingOptions,
  examples: [
    {
      command: "xsplice depot refresh depot --keys online-keys --passphrase-file secret",
      explains: "once a day",
    },
  ],
  kind: "own",
  run: async (call) => run(call, (await import("../../depot/publish/publish.ts")).refresh),
};

async function run(call: CommandCall, publish: Publish): Promise<number> {
  const [depot = ""] = call.args;
  const signersOf = await readSigners(call);
  const onStep = (words: string): void => void call.io.stderr.write(`${words}\n`);
  const { isMadeHere } = await import("../../depot/vouch/made-here.ts");
  const folder = madeHereFolder(call.io.env);
  const options: PublishOptions = {
    now: new Date(),
    signersOf,
    onStep,
    isMadeHere: (digest) => isMadeHere(folder, digest),
    onlyRebuilt: call.options.has("only-rebuilt") ? "all" : "where asked",
  };
  return emitPublished(call, await publish(depot, options));
}
