// A depot on a web server. Without encryption only from this machine itself: a signature keeps lies away,
// and not who listens.

import { DepotError } from "../errors.ts";
import { tooLong, unreachable } from "./limits.ts";
import type { DepotSource, SourceOptions } from "./source-form.ts";

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

export function httpSource(place: string, { signal, deadlineMs }: SourceOptions): DepotSource {
  const base = baseOf(place);
  let told: Date | undefined;
  return {
    place,
    toldTime: () => told,
    read: async (path, maxLength) => {
      try {
        const response = await fetch(
          new URL(path.split("/").map(encodeURIComponent).join("/"), base),
          {
            redirect: "error",
            signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
          },
        );
        told = dateOf(response) ?? told;
        if (response.status === 404 || response.status === 403) {
          await response.body?.cancel();
          return undefined;
        }
        if (!response.ok) {
          await response.body?.cancel();
          throw unreachable(place, path, `the server answers ${response.status}`);
        }
        return await take(response, maxLength, () => tooLong(place, path, maxLength));
      } catch (cause) {
        signal.throwIfAborted();
        if (cause instanceof DepotError) throw cause;
        throw unreachable(place, path, stateOf(cause, deadlineMs), cause);
      }
    },
  };
}

async function take(
  response: Response,
  maxLength: number,
  tooMuch: () => Error,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > maxLength) throw tooMuch();
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function baseOf(place: string): URL {
  const url = URL.canParse(place) ? new URL(place) : undefined;
  const isSafe = url?.protocol === "https:" || loopback.test(url?.hostname ?? "");
  if (url !== undefined && isSafe && url.search === "" && url.hash === "") {
    return new URL(url.pathname.endsWith("/") ? url : `${url.href}/`);
  }
  throw new DepotError({
    code: "depot/bad-request",
    problem: `Cannot read a depot from "${place}"`,
    expected:
      "https://HOST/PATH; http: only from this machine itself (127.0.0.1, [::1], localhost)",
  });
}

function dateOf(response: Response): Date | undefined {
  const told = new Date(response.headers.get("date") ?? "");
  return Number.isNaN(told.getTime()) ? undefined : told;
}

/** Node puts the reason below a "fetch failed". */
function stateOf(error: unknown, deadlineMs: number): string {
  if (error instanceof Error && error.name === "TimeoutError")
    return `no end within ${deadlineMs} ms`;
  const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(reason instanceof Error)) return String(reason);
  const code = "code" in reason ? String(reason.code) : "";
  return reason.message === "" ? code : reason.message;
}
