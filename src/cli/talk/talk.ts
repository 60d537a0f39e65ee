// How much a command says beside its result: --quiet and --verbose.

import { type CommandIo, quietIo } from "../io.ts";
import type { OptionValues } from "../option-values.ts";
import type { OpenHost } from "../spec.ts";

export interface Talk {
  readonly io: CommandIo;
  readonly openHost: OpenHost;
}

export async function talkOf(options: OptionValues, { io, openHost }: Talk): Promise<Talk> {
  if (options.has("quiet")) return { io: quietIo(io), openHost };
  if (!options.has("verbose")) return { io, openHost };
  const { tellingOf } = await import("./verbose-host.ts");
  return { io, openHost: tellingOf(openHost, io) };
}
