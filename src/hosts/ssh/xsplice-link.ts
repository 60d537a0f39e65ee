// A dom0 reached by ssh that has xsplice itself: the local kind of host there does everything, with one
// process for each call. This adds what a stock tool lacks: time limits, recovery, reasons.

import type { GenericSchema } from "valibot";
import type { ActOptions } from "../../host/host.ts";
import type { Described } from "../../json/decode-json.ts";
import type { ActRequest } from "../action/target.ts";
import { systemClock } from "../clock.ts";
import { type Deadline, startDeadline } from "../deadline.ts";
import { FACTS_TASK } from "../host-facts.ts";
import type { HostLink } from "../host-link.ts";
import type { SshConnection } from "./connection.ts";
import { dom0Over } from "./dom0.ts";
import {
  decodeRemote,
  infoSchema,
  listSchema,
  outcomeSchema,
  uploadedSchema,
} from "./remote-json.ts";
import { REMOTE_PRELUDE, type RemoteTools } from "./tools.ts";
import { withTemporaryFile } from "./upload.ts";

/** Time for the remote process to start and for its answer to arrive. */
const PROCESS_SLACK_MS = 2000;

export function xspliceLink(connection: SshConnection, tools: RemoteTools): HostLink {
  const xsplice: Run = (command, schema, deadline) =>
    runXsplice(connection, command, schema, deadline);
  return {
    ...dom0Over(connection, {
      timeLimit: true,
      noDependencies: true,
      console: tools.ring !== undefined,
      metadata: true,
    }),
    info: (deadline) => xsplice({ task: FACTS_TASK, words: ["info"] }, infoSchema, deadline),
    list: async (deadline) => {
      const command = { task: "list the payloads", words: ["list"] };
      return (await xsplice(command, listSchema, deadline)).payloads;
    },
    upload: async (name, file, deadline) => {
      const command = { task: `upload payload "${name}"`, words: ["upload", "--", name], file };
      await xsplice(command, uploadedSchema, deadline);
      return undefined; // Else it has told why.
    },
    act: (request, options) => {
      const deadline = startDeadline(connection.label, options, systemClock);
      return xsplice(actCommand(request, options), outcomeSchema, deadline);
    },
  };
}

interface Command {
  /** In messages: `upload payload "fix"`. */
  readonly task: string;
  readonly words: readonly string[];
  /** A payload, whose path becomes the last word. */
  readonly file?: Uint8Array;
}

type Run = <Of extends GenericSchema>(
  command: Command,
  schema: Of,
  deadline: Deadline,
) => Promise<Described<Of>>;

function actCommand(
  { action, name }: ActRequest,
  { dependencyCheck, quiesceMs, dangling }: ActOptions,
): Command {
  const flags = [
    ...(dependencyCheck === "hypervisor-only" ? ["--nodeps"] : []),
    ...(action === "unload" ? [] : ["--quiesce", String(Math.round(quiesceMs))]),
    ...(action === "unload" && dangling === "allow" ? ["--allow-dangling"] : []),
  ];
  return { task: `${action} payload "${name}"`, words: [action, ...flags, "--", name] };
}

async function runXsplice<Of extends GenericSchema>(
  connection: SshConnection,
  { task, words, file }: Command,
  schema: Of,
  deadline: Deadline,
): Promise<Described<Of>> {
  const milliseconds = Math.max(1, Math.round(deadline.remaining()) - PROCESS_SLACK_MS);
  const globals = ["--host", "local", "--json", "--timeout", String(milliseconds / 1000)];
  const args = [...globals, ...words];
  const remote =
    file === undefined
      ? { task, script: `${REMOTE_PRELUDE} xsplice "$@"`, args }
      : withTemporaryFile({ task, script: 'xsplice "$@" "$file"', args }, file);
  const { stdout, stderr } = await connection.run(remote, deadline);
  return decodeRemote(stdout === "" ? stderr : stdout, schema, `xsplice on ${connection.label}`);
}
