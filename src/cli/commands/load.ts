import type { CallOptions } from "../../host/call-options.ts";
import type { ActOutcome, LivepatchHost } from "../../host/host.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { nodepsOption, quiesceOption, readActOptions } from "../options/action.ts";
import { checkPayloadName, payloadNameOf } from "../options/payload-name.ts";
import { policingOf } from "../policy/policing.ts";
import { type PayloadFile, readPayload } from "../preflight.ts";
import type { CommandCall, TopCommand } from "../spec.ts";
import { stockAction } from "../stock-action.ts";
import { uploadAsStock } from "../stock-upload.ts";
import { stockVoice } from "../text/stock-voice.ts";
import { withJournalledHost } from "../with-host.ts";

export const loadCommand: TopCommand = {
  name: "load",
  description: [
    "The payload's name is the file's name without its directory and its last extension. If the payload cannot be applied, it is unloaded again.",
  ],
  arguments: [{ name: "FILE", description: "the payload", count: "one", completes: "file" }],
  options: [nodepsOption, quiesceOption],
  examples: [{ command: "xsplice load fix.livepatch", explains: "upload and apply it as fix" }],
  kind: "stock",
  run: async (call) => {
    const [file = ""] = call.args;
    const name = payloadNameOf(file);
    checkPayloadName(name);
    const payload = await readPayload(file, call.io.signal);
    return withJournalledHost(call, async (host, options) => {
      emit(call, "load", await load(call, host, { name, payload, options }), () => "");
      return ExitCode.success;
    });
  },
};

async function load(
  call: CommandCall,
  host: LivepatchHost,
  step: { readonly name: string; readonly payload: PayloadFile; readonly options: CallOptions },
): Promise<ActOutcome> {
  const { name, payload, options } = step;
  const actOptions = readActOptions(call, options);
  const voice = stockVoice(call);
  await policingOf(call).permit(host, [{ name, bytes: payload.bytes }], options);
  await uploadAsStock(host, { name, payload, options }, voice);
  try {
    const apply = { action: "apply", name, options: actOptions, payload: payload.payload } as const;
    return await stockAction(host, apply, voice);
  } catch (error) {
    // The failed apply is what the user has to hear of last, also when cleaning up fails too. After ^C
    // the cleaning up needs a signal of its own.
    const { signal: _, ...unhurried } = { ...actOptions };
    const unload = { action: "unload", name, options: unhurried } as const;
    await stockAction(host, unload, voice).catch((failure: unknown) => {
      const why = failure instanceof Error ? failure.message : String(failure);
      call.io.stderr.write(`warning: payload "${name}" stays loaded: ${why}\n`);
    });
    throw error;
  }
}
