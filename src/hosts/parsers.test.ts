import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { newInRing } from "./console-ring.ts";
import { parseHostFacts } from "./host-facts.ts";
import { scriptCommand } from "./ssh/shell-words.ts";

test("newInRing() gives what came since the mark, however far the ring has moved on", () => {
  const line = fc.string({ minLength: 1, maxLength: 30 }).map((text) => `${text}\n`);
  fc.assert(
    fc.property(fc.array(line), fc.array(line), fc.nat(200), (before, after, dropped) => {
      const old = `${"the first line, which no other line is like, as boot messages are\n"}${before.join("")}`;
      const fresh = after.join("");
      const ring = (old + fresh).slice(Math.min(dropped, old.length));
      const { mark } = newInRing(old, undefined);
      const { text, lost } = newInRing(ring, mark);
      // What repeats itself may be told twice; nothing may be lost.
      assert.ok(text.endsWith(fresh));
      if (dropped === 0) assert.deepEqual({ text, lost }, { text: fresh, lost: false });
    }),
  );
});

test("newInRing() says so when the mark has left the ring", () => {
  const { mark } = newInRing("a".repeat(100), undefined);
  assert.deepEqual(newInRing("b".repeat(100), mark).lost, true);
});

test("parseHostFacts() prefers `xl info` and falls back to /sys/hypervisor", () => {
  const sysfs = [
    "machine x86_64",
    "boot 6f2c",
    "sysfs version/major 4",
    "sysfs version/minor 17",
    "sysfs version/extra .5",
    "sysfs properties/buildid 01ff",
  ].join("\n");
  const expected = {
    version: { major: 4, minor: 17, extra: ".5" },
    buildId: "01ff",
    compiler: undefined,
    compiledAt: undefined,
    architecture: "x86_64",
    bootId: "6f2c",
  };
  assert.deepEqual(parseHostFacts(sysfs), expected);
  const xl = `${sysfs}\nxl xen_extra              : .7-pre\nxl cc_compiler            : gcc (Debian 12.2.0) 12.2.0`;
  const { version, compiler } = parseHostFacts(xl) ?? {};
  assert.equal(version?.extra, ".7-pre");
  assert.equal(compiler, "gcc (Debian 12.2.0) 12.2.0");
  assert.equal(parseHostFacts("machine x86_64\nboot 6f2c\n"), undefined);
});

test("scriptCommand() gives a POSIX shell the very words", () => {
  const word = fc.string({ maxLength: 40 }).filter((text) => !text.includes("\0"));
  fc.assert(
    fc.property(fc.array(word, { maxLength: 4 }), (words) => {
      const command = scriptCommand(`printf '%s\\0' "$@"`, words);
      const output = execFileSync("sh", ["-c", command]).toString();
      assert.equal(output, words.length === 0 ? "\0" : words.map((text) => `${text}\0`).join(""));
    }),
    { numRuns: 25 },
  );
});

test("scriptCommand() quotes a leading =, which zsh would take for a command to be looked up", () => {
  assert.equal(scriptCommand("list", ["=sh", "a=b"]), "sh -c list xsplice '=sh' a=b");
});
