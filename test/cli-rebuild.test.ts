// `xsplice rebuild` as a user types it, on the small Xen: the same bytes from the same inputs, and which input is
// another one where they differ. A channel of a depot whose two builders have to agree.

import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import {
  fixedKernel,
  kernel,
  kernelFile,
  linkHypervisor,
  patchFrom,
} from "../src/builder/build.test.support.ts";
import { stampBuildId } from "../src/payload/build-id.ts";
import { firstDifference } from "../src/rebuild/first-difference.ts";
import { makeSmallXen, smallXen } from "../src/xen-make/small-xen.test.support.ts";
import { type CliRun, runXsplice } from "./run-cli.ts";
import { buildTest, whyNoCompiler } from "./why-no-build.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-cli-rebuild-"));
const cleanups: (() => void)[] = [() => rmSync(folder, { recursive: true, force: true })];
after(() => {
  for (const cleanUp of cleanups) cleanUp();
});

const small = makeSmallXen({ after: (work) => cleanups.push(work) });
const at = (name: string) => join(folder, name);
const xenSyms = at("xen-syms");
const payload = at("fix.livepatch");
const fixed = fixedKernel[kernelFile] ?? "";
if (whyNoCompiler() === false) writeFileSync(xenSyms, linkHypervisor());
writeFileSync(at("xen.config"), "CONFIG_LIVEPATCH=y\n");
writeFileSync(at("fix.patch"), patchFrom(kernelFile, kernel, fixed).bytes);

function xsplice(args: readonly string[], state = "state"): Promise<CliRun> {
  const env = {
    XDG_CACHE_HOME: small.cacheHome,
    XDG_STATE_HOME: at(state),
    XSPLICE_PASSPHRASE: "correct horse",
    PATH: process.env["PATH"] ?? "",
  };
  return runXsplice(args, { env });
}

const sources = ["--xen-syms", xenSyms, "--config", at("xen.config"), "--source", small.source];

async function rebuild(...args: readonly string[]) {
  const run = await xsplice(["rebuild", payload, ...sources, ...args, "--json"]);
  assert.equal(run.stderr, "");
  return { exitCode: run.exitCode, ...JSON.parse(run.stdout) };
}

const differing = ({ inputs }: { inputs: readonly { input: string; same: boolean }[] }) =>
  inputs.filter(({ same }) => !same).map(({ input }) => input);

before(async () => {
  if (whyNoCompiler() !== false) return;
  const patch = ["--patch", at("fix.patch"), "--name", "A fix", "--meta", "team=red"];
  const built = await xsplice(["build", ...sources, ...patch, "-o", payload]);
  assert.equal(built.exitCode, 0, built.stderr);
});

buildTest("xsplice rebuild makes the same bytes from the same inputs, and notes it", async () => {
  const { exitCode, outcome, inputs, difference } = await rebuild();
  assert.deepEqual([exitCode, outcome, difference], [0, "same", undefined], JSON.stringify(inputs));
  assert.deepEqual(
    inputs.map(({ input }: { input: string }) => input),
    [
      ...["hypervisor", "source", "configuration", "compiler", "xsplice", "patches"],
      ...["patches of both sides", "hooks"],
    ],
  );
  const text = await xsplice(["rebuild", payload, ...sources]);
  assert.match(text.stdout, /^The same: .*\n.*\ninputs {3}hypervisor, source, .*: as recorded\n$/);
});

buildTest("xsplice rebuild says where the bytes differ first, and which input does", async () => {
  const other = at("other/fix.patch");
  mkdirSync(dirname(other));
  writeFileSync(other, patchFrom(kernelFile, kernel, fixed.replace("40", "41")).bytes);
  const patched = await rebuild("--patch", other, "-o", at("other.livepatch"));
  assert.deepEqual([patched.exitCode, patched.outcome], [2, "differs"]);
  assert.deepEqual(differing(patched), ["patches"]);
  const { section, offset, payload: ours, rebuilt: theirs } = patched.difference;
  assert.match(section, /^\.text/);
  assert.notEqual(ours.slice(0, 2), theirs.slice(0, 2), `${section}+${offset}`);
  assert.ok(existsSync(at("other.livepatch")));
  const words = await xsplice(["rebuild", payload, ...sources, "--patch", other]);
  assert.equal(words.exitCode, 2);
  assert.match(words.stdout, /^Differs: /);
  assert.match(
    words.stdout,
    /^first at {2}\.text\S*\+0x[0-9a-f]+: [0-9a-f]+ here, [0-9a-f]+ in the/m,
  );
  assert.match(words.stdout, /^patches {3}[0-9a-f]{64} here\n +[0-9a-f]{64} in the payload$/m);
});

buildTest(
  "xsplice rebuild says that source, configuration or compiler is another one",
  async () => {
    writeFileSync(
      at("gcc-other"),
      '#!/bin/sh\n[ "$1" = --version ] && { echo "gcc (Other) 99"; exit; }\nexec gcc "$@"\n',
    );
    chmodSync(at("gcc-other"), 0o755);
    const compiler = await rebuild("--cc", at("gcc-other"), "--sandbox", "none");
    assert.deepEqual([compiler.exitCode, differing(compiler)], [2, ["compiler"]]);
    assert.equal(compiler.difference.section, ".xsplice.origin");
    writeFileSync(at("other.config"), "CONFIG_LIVEPATCH=y\n# CONFIG_OFF is not set\n");
    const config = await rebuild("--config", at("other.config"));
    assert.deepEqual([config.exitCode, differing(config)], [2, ["configuration"]]);
    const source = at("source");
    for (const [path, text] of Object.entries(smallXen)) {
      mkdirSync(dirname(join(source, path)), { recursive: true });
      writeFileSync(join(source, path), text.replace("return 3", "return 3 + 0"));
    }
    const moved = await rebuild("--source", source);
    assert.deepEqual([moved.exitCode, differing(moved)], [2, ["source"]]);
    writeFileSync(at("other-syms"), linkHypervisor({}, 17));
    const run = await xsplice(["rebuild", at("fix.patch"), ...sources]);
    assert.equal(run.exitCode, 1, "no payload");
  },
);

buildTest(
  "xsplice rebuild refuses what is no more as it was made, and a patch that was none of it",
  async () => {
    const damaged = at("damaged.livepatch");
    const bytes = readFileSync(payload);
    bytes[bytes.indexOf("A fix")] = 0x42;
    writeFileSync(damaged, bytes);
    const run = await xsplice(["rebuild", damaged, ...sources]);
    assert.equal(run.exitCode, 1);
    assert.match(run.stderr, /its build-id is not that of its bytes/);
    writeFileSync(at("stranger.patch"), "nothing");
    const stranger = await xsplice([
      "rebuild",
      payload,
      ...sources,
      "--patch",
      at("stranger.patch"),
    ]);
    assert.equal(stranger.exitCode, 64);
    assert.match(stranger.stderr, /the payload was made from no such patch\n.*one of fix\.patch/);
  },
);

buildTest("firstDifference() finds every changed byte, and none in the same file", () => {
  const bytes = new Uint8Array(readFileSync(payload));
  assert.equal(firstDifference(bytes, bytes.slice()), undefined);
  // Behind the header: what the file is has been read before.
  fc.assert(
    fc.property(
      fc.integer({ min: 64, max: bytes.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      (place, bit) => {
        const other = bytes.slice();
        other[place] = (other[place] ?? 0) ^ bit;
        let found: unknown;
        try {
          found = firstDifference(bytes, other);
        } catch (error) {
          assert.match(String(error), /Cannot/); // No payload any more.
          return;
        }
        assert.notEqual(found, undefined, `offset ${place}`);
      },
    ),
    { numRuns: 100 },
  );
  const stamped = bytes.slice();
  const text = Buffer.from(stamped.buffer).indexOf("A fix");
  stamped[text] = 0x42;
  stampBuildId(stamped);
  const difference = firstDifference(bytes, stamped);
  assert.deepEqual(
    [difference?.section, difference?.payload.slice(0, 2), difference?.rebuilt.slice(0, 2)],
    [".modinfo", "41", "42"],
    "the build-id follows from it, and is not the difference",
  );
});

buildTest("depot publish waits until each of two builders has built the same payload", async () => {
  const [depot, mine, theirs] = [at("depot"), at("mine"), at("theirs")];
  const run = async (args: readonly string[], state = "state") => {
    const done = await xsplice(["depot", ...args], state);
    assert.equal(done.exitCode, 0, `${args.join(" ")}\n${done.stderr}`);
    return done.stdout;
  };
  // The second builder's key is made on the second builder's machine.
  await run(["init", at("elsewhere"), "--channel", "stable", "--keys", theirs], "second");
  const file = readdirSync(theirs).find((name) => name.startsWith("stable-")) ?? "";
  const { public: hex } = JSON.parse(readFileSync(join(theirs, file), "utf8"));
  const threshold = ["--threshold", "stable=2", "--rebuilt", "stable"];
  const keys = ["--public-key", `stable=${hex}`, "--keys", mine];
  await run(["init", depot, "--channel", "stable", ...threshold, ...keys]);
  await run(["base", depot, "--xen-syms", xenSyms, "--label", "Small"]);
  await run(["add", depot, payload, "--channel", "stable", "--fix", "XSA-1"]);
  const publish = (keysOf: string, state: string) =>
    xsplice(["depot", "publish", depot, "--keys", keysOf], state);
  const rebuildAs = (state: string, ...args: readonly string[]) =>
    xsplice(["rebuild", payload, ...sources, ...args], state);
  const isPublished = () => existsSync(join(depot, "metadata/timestamp.json"));
  // The first has rebuilt it in the tests above.
  const first = await publish(mine, "state");
  assert.equal(first.exitCode, 2);
  assert.match(first.stdout, /stable: 1 of 2/);
  assert.doesNotMatch(first.stdout, /has not been built here/);
  // The second has another patch, and another compiler: neither makes the same bytes.
  const other = await rebuildAs("second", "--patch", at("other/fix.patch"));
  const compiler = await rebuildAs("second", "--cc", at("gcc-other"), "--sandbox", "none");
  assert.deepEqual([other.exitCode, compiler.exitCode], [2, 2]);
  const second = await publish(theirs, "second");
  assert.equal(second.exitCode, 2);
  assert.match(second.stdout, /stable: 1 of 2/);
  assert.match(
    second.stdout,
    /stable is not signed by these keys: fix \(Small\) has not been built here/,
  );
  await publish(mine, "state");
  assert.ok(!isPublished(), "nobody sees a channel that one of two has signed");
  assert.equal((await rebuildAs("second")).exitCode, 0);
  await publish(theirs, "second");
  const last = await publish(mine, "state");
  assert.equal(last.exitCode, 0, last.stdout);
  assert.ok(isPublished());
});

test("xsplice rebuild says what a payload of another tool lacks", async () => {
  writeFileSync(at("text.livepatch"), "no payload");
  const run = await xsplice(["rebuild", at("text.livepatch"), ...sources]);
  assert.equal(run.exitCode, 1);
});
