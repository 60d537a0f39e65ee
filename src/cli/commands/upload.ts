import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import { checkPayloadName, payloadNameArgument } from "../options/payload-name.ts";
import { policingOf } from "../policy/policing.ts";
import { readPayload } from "../preflight.ts";
import type { TopCommand } from "../spec.ts";
import { uploadAsStock } from "../stock-upload.ts";
import { stockVoice } from "../text/stock-voice.ts";
import { withJournalledHost } from "../with-host.ts";

export const uploadCommand: TopCommand = {
  name: "upload",
  description: [
    "The running code does not change until the payload is applied.",
    "The file is checked before anything is sent: it must be a payload for this architecture and for this build of the hypervisor.",
  ],
  arguments: [
    { ...payloadNameArgument, description: "the name of the payload from now on", completes: [] },
    { name: "FILE", description: "the payload", count: "one", completes: "file" },
  ],
  options: [],
  examples: [{ command: "xsplice upload fix fix.livepatch", explains: "upload it as fix" }],
  kind: "stock",
  run: async (call) => {
    const [name = "", file = ""] = call.args;
    checkPayloadName(name);
    const payload = await readPayload(file, call.io.signal);
    return withJournalledHost(call, async (host, options) => {
      await policingOf(call).permit(host, [{ name, bytes: payload.bytes }], options);
      await uploadAsStock(host, { name, payload, options }, stockVoice(call));
      const status = await host.status(name, options);
      emit(call, "upload", { name, status }, () => "");
      return ExitCode.success;
    });
  },
};
