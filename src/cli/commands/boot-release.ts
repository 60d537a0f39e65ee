import { requireBootStore } from "../boot-store.ts";
import { emit } from "../emit.ts";
import { ExitCode } from "../exit-code.ts";
import type { CommandSpec } from "../spec.ts";
import { UsageError } from "../usage-error.ts";
import { withHost } from "../with-host.ts";

export const bootReleaseCommand: CommandSpec = {
  name: "release",
  summary: "allow payloads at the next boot that were set aside after a crash",
  description: [
    "A payload is set aside when the host went down without a shutdown while it was being applied, or soon after. Find out why before you allow it: it may have been the reason, and a power failure may as well.",
    'This does not apply it. The next boot does, or "xsplice sync".',
  ],
  arguments: [{ name: "NAME", description: "payloads that are set aside", count: "one-or-many" }],
  options: [],
  examples: [{ command: "xsplice boot release fix", explains: "it was a power failure" }],
  kind: "own",
  run: (call) =>
    withHost(call, async (host, options) => {
      const store = requireBootStore(host);
      const { quarantined } = await store.report(options);
      const stranger = call.args.find((arg) => !quarantined.some(({ name }) => name === arg));
      if (stranger !== undefined) {
        const names = quarantined.map(({ name }) => `"${name}"`).join(", ");
        throw new UsageError({
          code: "usage/bad-value",
          problem: `Cannot release "${stranger}": it is not set aside on ${host.label}`,
          expected: names === "" ? "nothing is set aside there" : `one of ${names}`,
        });
      }
      const released = quarantined.filter(({ name }) => call.args.includes(name));
      await store.release(
        released.map(({ sha256 }) => sha256),
        options,
      );
      emit(call, "boot release", { released }, () =>
        released.map(({ name }) => `the next boot may apply "${name}"\n`).join(""),
      );
      return ExitCode.success;
    }),
};
