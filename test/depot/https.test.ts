// A depot over https:, by a real TLS server on loopback and an authority of the test's own. The command is a process
// of its own: node reads the authorities that it knows when it starts.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { DepotUnderTest } from "./depot-under-test.ts";
import { type Mirror, openMirror } from "./evil-server.ts";
import { tally } from "./tally.ts";
import { Authority, type Certificate } from "./tls-authority.ts";

const command = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const child = fileURLToPath(new URL("killed-child.js", import.meta.url));

const own = new DepotUnderTest();
const known = new Authority(own.folder, "known");
const unknown = new Authority(own.folder, "unknown");
const HERE = "127.0.0.1";

before(async () => {
  await own.begin();
  await own.add(own.make("first", { functions: ["alpha"] }), "stable", "--fix", "XSA-1");
  await own.publish();
});
after(() => own.remove());

/** In a process that knows the authority `known`; this one serves the depot meanwhile. */
async function node(...args: readonly string[]) {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: known.file, XDG_STATE_HOME: own.state };
  const running = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve) => running.on("close", resolve));
  const [stdout, stderr] = await Promise.all([text(running.stdout), text(running.stderr)]);
  return { exitCode: await ended, stdout, stderr };
}

function trust(mirror: Mirror) {
  const words = ["depot", "trust", mirror.url, "--root", own.root, "--replace", "--json"];
  return node(command, ...words);
}

async function withMirror(certificate: Certificate, use: (mirror: Mirror) => Promise<void>) {
  await using mirror = await openMirror(own.depot, certificate);
  await use(mirror);
}

async function expectRefusal(mirror: Mirror, problem: RegExp, remedy: RegExp): Promise<void> {
  const { error } = JSON.parse((await trust(mirror)).stdout);
  assert.equal(error.code, "depot/unreachable");
  assert.match(error.problem, problem);
  assert.match(error.remedy, remedy);
  tally({ attacks: 1, refused: 1 });
}

test("depot trust and what follows read a depot over https:, by an authority of one's own", () =>
  withMirror(known.certify(HERE, 2), async (mirror) => {
    const trusted = await trust(mirror);
    assert.equal(trusted.exitCode, 0, trusted.stdout + trusted.stderr);
    const asked = await node(child, "ask", join(own.state, "xsplice/trust"), mirror.url, "0");
    assert.equal(asked.exitCode, 0, asked.stderr);
    assert.ok(mirror.asked.some((path) => /^targets\/stable\/.*first\.livepatch$/.test(path)));
  }));

test("depot trust says that a certificate is of an authority that nobody knows", () =>
  withMirror(unknown.certify(HERE, 2), (mirror) =>
    expectRefusal(
      mirror,
      /its certificate is of nobody whom this machine knows/,
      /NODE_EXTRA_CA_CERTS/,
    ),
  ));

test("depot trust says that a certificate has expired, or the clock is ahead", () =>
  withMirror(known.certify(HERE, -1), (mirror) =>
    expectRefusal(mirror, /its certificate has expired, or .* clock is ahead/, /clock/),
  ));

test("depot trust says that a certificate is for another name", () =>
  withMirror(known.certify("127.0.0.2", 2), (mirror) =>
    expectRefusal(mirror, /its certificate is for another name/, /somebody answers in/),
  ));

test("depot trust follows no redirect, least of all to where nothing is encrypted", () =>
  withMirror(known.certify(HERE, 2), async (mirror) => {
    await using open = await openMirror(own.depot);
    mirror.lie = { answer: (path) => ({ kind: "redirect", to: `${open.url}${path}` }) };
    await expectRefusal(mirror, /another place, without encryption: http:/, /trust it there/);
    assert.deepEqual(open.asked, [], "nobody went there");
  }));
