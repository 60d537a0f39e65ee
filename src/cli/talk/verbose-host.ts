// Tells each request to a host on standard error, for --verbose: what is asked, how it ended, how long it took.

import { XspliceError } from "../../error.ts";
import type { LivepatchHost } from "../../host/host.ts";
import type { CommandIo } from "../io.ts";
import type { OpenHost } from "../spec.ts";

export function tellingOf(openHost: OpenHost, { stderr }: Pick<CommandIo, "stderr">): OpenHost {
  return async (address, options) => {
    const tell = (task: string, words: string, startedAt: number): void => {
      stderr.write(
        `[${address}] ${task}: ${words}, ${Math.round(performance.now() - startedAt)} ms\n`,
      );
    };
    const timed = async <Result>(task: string, work: () => Promise<Result>): Promise<Result> => {
      const startedAt = performance.now();
      try {
        const result = await work();
        tell(task, "done", startedAt);
        return result;
      } catch (error) {
        const reason = error instanceof XspliceError ? error.report.code : String(error);
        tell(task, `failed with ${reason}`, startedAt);
        throw error;
      }
    };
    const host = await timed("connect", () => openHost(address, options));
    return telling(host, "", timed) as LivepatchHost;
  };
}

type Timed = <Result>(task: string, work: () => Promise<Result>) => Promise<Result>;

/** The same object, each method of which is told; so are those of its stores. */
function telling(told: object, above: string, timed: Timed): object {
  return new Proxy(told, {
    get: (target, key) => {
      // Private fields are those of the object itself.
      const value: unknown = Reflect.get(target, key, target);
      if (key === "journal" || key === "boot")
        return value === undefined ? value : telling(value as object, `${key} `, timed);
      if (typeof value !== "function") return value;
      const method = value.bind(target) as (...args: readonly unknown[]) => Promise<unknown>;
      if (typeof key === "symbol") return method;
      return (...args: readonly unknown[]) =>
        timed(`${above}${key}${nameIn(args)}`, async () => await method(...args));
    },
  });
}

/** Names of actions and payloads; what is uploaded is long. */
function nameIn(args: readonly unknown[]): string {
  return args
    .flatMap((one) => (typeof one === "string" && one.length < 128 ? ` ${one}` : []))
    .join("");
}
