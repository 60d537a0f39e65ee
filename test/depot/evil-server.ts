// A mirror on loopback that serves a depot's directory, and lies where a test tells it to. Not a test.

import { readFileSync } from "node:fs";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

export type Answer =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** More and more, without an end. */
  | { readonly kind: "endless" }
  /** The connection breaks off after these. */
  | { readonly kind: "cut"; readonly bytes: Uint8Array }
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "redirect"; readonly to: string };

export interface Lie {
  /** `undefined`: the truth. */
  readonly answer: (path: string, truth: Uint8Array | undefined) => Answer | undefined;
}

export interface Mirror extends AsyncDisposable {
  readonly url: string;
  /** What was asked for, in order. */
  readonly asked: string[];
  lie: Lie;
  folder: string;
}

export const truth: Lie = { answer: () => undefined };

/** @param tls for https: */
export async function openMirror(
  folder: string,
  tls?: { readonly key: string; readonly cert: string },
): Promise<Mirror> {
  const answer: RequestListener = (request, response) => {
    const path = decodeURIComponent(request.url ?? "/").slice(1);
    mirror.asked.push(path);
    const bytes = readOrNone(join(mirror.folder, path));
    const honest: Answer =
      bytes === undefined ? { kind: "status", status: 404 } : { kind: "bytes", bytes };
    send(response, mirror.lie.answer(path, bytes) ?? honest);
  };
  const server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A test that fails must not wait for it.
  server.unref();
  const { port } = server.address() as AddressInfo;
  const mirror: Mirror = {
    url: `http${tls === undefined ? "" : "s"}://127.0.0.1:${port}/`,
    asked: [],
    lie: truth,
    folder,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return mirror;
}

function send(response: ServerResponse, answer: Answer): void {
  switch (answer.kind) {
    case "bytes":
      response.end(answer.bytes);
      return;
    case "status":
      response.writeHead(answer.status).end();
      return;
    case "redirect":
      response.writeHead(302, { location: answer.to }).end();
      return;
    case "cut":
      response.writeHead(200, { "content-length": answer.bytes.length + 1000 });
      response.write(answer.bytes, () => response.destroy());
      return;
    case "endless":
      pour(response);
  }
}

function pour(response: ServerResponse): void {
  const more = (): void => {
    if (!response.destroyed) response.write(Buffer.alloc(65_536, "x"), more);
  };
  more();
}

function readOrNone(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
