import assert from "node:assert/strict";
import { Readable, Writable } from "node:stream";
import { test } from "node:test";
import type { CommandIo, Output } from "../io.ts";
import { progressLine } from "./progress.ts";

class Screen extends Writable {
  text = "";
  isTTY = false;
  columns = 60;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

function ioWith(stderr: Output): CommandIo {
  const { signal } = new AbortController();
  return { stdin: Readable.from([]), stdout: new Screen(), stderr, env: {}, signal };
}

function fetchTwoParts(screen: Screen): void {
  const { onProgress, end } = progressLine(ioWith(screen));
  onProgress({ kind: "note", text: "asking" });
  for (const text of ["kernel", "xen"]) {
    for (const done of [0, 500_000, 1_000_000, 1_000_000]) {
      onProgress({ kind: "bytes", text, done, total: 1_000_000 });
    }
  }
  end();
}

test("progressLine() writes two lines for each download where nobody watches", () => {
  const screen = new Screen();
  fetchTwoParts(screen);
  assert.equal(
    screen.text,
    ["asking", "kernel (1.0 MB)", "  done", "xen (1.0 MB)", "  done", ""].join("\n"),
  );
});

test("progressLine() moves one line for each download on a terminal", () => {
  const screen = new Screen();
  screen.isTTY = true;
  fetchTwoParts(screen);
  const lines = screen.text.split("\n");
  assert.equal(lines.length, 4); // The note, two downloads, nothing behind the last line's end.
  const last = lines[1]?.split("\r\u001b[K").at(-1) ?? "";
  assert.equal(last, `[${"#".repeat(24)}] 1.0 MB of 1.0 MB  kernel`);
});

test("progressLine() never writes a line that would wrap", () => {
  const screen = new Screen();
  screen.isTTY = true;
  const { onProgress } = progressLine(ioWith(screen));
  onProgress({ kind: "bytes", text: "x".repeat(200), done: 1, total: 2 });
  assert.ok(screen.text.replace("\r\u001b[K", "").length < screen.columns);
});
