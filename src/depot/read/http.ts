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
            // Followed, it could lead from an encrypted place to one that is not.
            redirect: "manual",
            signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
          },
        );
        told = dateOf(response) ?? told;
        const elsewhere = response.headers.get("location");
        if (elsewhere !== null && response.status >= 300 && response.status < 400) {
          await response.body?.cancel();
          throw sentAway(place, path, elsewhere);
        }
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
        const { state, remedy } = troubleOf(cause, deadlineMs);
        throw unreachable(place, path, state, cause, remedy);
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

function sentAway(place: string, path: string, elsewhere: string): DepotError {
  const isOpen = /^http:/i.test(elsewhere) ? ", without encryption" : "";
  const state = `the server sends to another place${isOpen}: ${elsewhere}`;
  const remedy =
    "if that is where the depot is now, trust it there (xsplice depot trust --replace)";
  return unreachable(place, path, state, undefined, remedy);
}

/** Node puts the reason below a "fetch failed". */
function troubleOf(error: unknown, deadlineMs: number): Trouble {
  if (error instanceof Error && error.name === "TimeoutError")
    return { state: `no end within ${deadlineMs} ms` };
  const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(reason instanceof Error)) return { state: String(reason) };
  const code = "code" in reason ? String(reason.code) : "";
  const words = reason.message === "" ? code : reason.message;
  const known = certificateTroubles.find(({ codes }) => codes.some((one) => one === code));
  if (known === undefined) return { state: words };
  return { state: `its certificate ${known.state} (${words})`, remedy: known.remedy };
}

interface Trouble {
  readonly state: string;
  readonly remedy?: string;
}

/** By the codes of OpenSSL, as Node has them. */
const certificateTroubles = [
  {
    codes: [
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
      "UNABLE_TO_GET_ISSUER_CERT",
      "SELF_SIGNED_CERT_IN_CHAIN",
      "DEPTH_ZERO_SELF_SIGNED_CERT",
    ],
    state: "is of nobody whom this machine knows",
    remedy:
      "if it is of an authority of your own, name its certificate's file in NODE_EXTRA_CA_CERTS",
  },
  {
    codes: ["CERT_HAS_EXPIRED"],
    state: "has expired, or this machine's clock is ahead",
    remedy: "look at this machine's clock; then ask whoever keeps the server",
  },
  {
    codes: ["CERT_NOT_YET_VALID"],
    state: "is not valid yet, or this machine's clock is behind",
    remedy: "look at this machine's clock; then ask whoever keeps the server",
  },
  {
    codes: ["ERR_TLS_CERT_ALTNAME_INVALID"],
    state: "is for another name",
    remedy: "use the name that it is for; or somebody answers in the server's stead",
  },
] as const;
