// Opens the host that was asked for, hands it to `use`, closes it whatever happens.

import type { CallOptions, LivepatchHost } from "../host/host.ts";
import type { CommandCall } from "./spec.ts";

export async function withHost<Result>(
  call: CommandCall,
  use: (host: LivepatchHost, options: CallOptions) => Promise<Result>,
): Promise<Result> {
  const options = { deadlineMs: call.globals.deadlineMs, signal: call.io.signal };
  const host = await call.openHost(call.globals.host, options);
  try {
    return await use(host, options);
  } finally {
    await host[Symbol.asyncDispose]();
  }
}
