// Wrong use of the command line: 64 for our own verbs, and words that name the option.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openHost } from "../src/hosts/open-host.ts";
import { showLab, useRuntimeFolder } from "../src/lab/shown-lab.test.support.ts";
import { FakeHost } from "./fake-host.ts";
import { runXsplice } from "./run-cli.ts";

const world = mkdtempSync(join(tmpdir(), "xsplice-use-"));
useRuntimeFolder({ after }, world);
after(() => rmSync(world, { recursive: true }));
const env = { XDG_CACHE_HOME: join(world, "cache") };

const wrong: readonly (readonly [args: readonly string[], words: RegExp])[] = [
  [
    ["lab", "up", "--cpus", "0"],
    /"0" for --cpus: it is out of range\n +expected: +1 to 8\n +remedy:/,
  ],
  [
    ["lab", "up", "--memory", "10"],
    /"10" for --memory: it is out of range\n +expected: +448 to 2048/,
  ],
  [["lab", "up", "--memory", "much"], /"much" for --memory: it is not a whole number/],
  [["lab", "up", "--xen", "4.99"], /Xen "4\.99": it is not known\n[\s\S]+--xen/],
  [["lab", "up", "--xen", "4.17 x"], /Xen "4\.17 x": it is not known/],
  [["lab", "up", "a b"], /Cannot name a lab "a b"/],
  [["--host", "foo", "info"], /Cannot use "foo" as a host[\s\S]+remedy:.*--host/],
  [["compile", "x.c", "--xen-syms", "x", "--release", "new"], /"new" as a release[\s\S]+--release/],
  ...(["--nodeps", "--action=apply", "--xen-syms=x", "--release=4.17.5", "--allow=x"] as const).map(
    (option): readonly [readonly string[], RegExp] => [
      ["check", "--explain", "superseded-code-reachable", option],
      /does not go with --explain|--explain does not go with/,
    ],
  ),
  [
    ["check", "fix.livepatch", "--explain", "superseded-code-reachable"],
    /PAYLOAD does not go with --explain: nothing is checked then/,
  ],
  [["bisect", "--abandon", "--check", "true"], /--check does not go with --abandon/],
  [["bisect", "--abandon", "--jobs", "2"], /--jobs does not go with --abandon/],
  [["sync", "--plan", "plan.json", "--gapless"], /--plan does not go with --gapless: it counted/],
];

for (const [args, words] of wrong) {
  test(`xsplice ${args.join(" ")} ends with 64`, async () => {
    const run = await runXsplice(args, { env, openHost });
    assert.match(run.stderr, words);
    assert.deepEqual([run.exitCode, run.stdout], [64, ""]);
  });
}

test("a stock verb ends with 1 for a host that is none, as for all wrong use", async () => {
  assert.equal((await runXsplice(["--host", "foo", "list"], { openHost })).exitCode, 1);
});

test("a stock verb refuses what it would not look at, and says how several are removed", async () => {
  const listed = await runXsplice(["list", "--payload", "fix.livepatch"], { openHost });
  assert.match(
    listed.stderr,
    /--payload needs --stack or --tree: the plain list shows only what the host reports/,
  );
  assert.equal(listed.exitCode, 1);
  for (const verb of ["revert", "unload"]) {
    const run = await runXsplice([verb, "one", "two"], { openHost });
    assert.match(run.stderr, /too many arguments[\s\S]+remedy: .*xsplice sync --revert NAME/);
    assert.equal(run.exitCode, 1);
  }
});

test("lab up of a hypervisor that is not there is no wrong use", async () => {
  const run = await runXsplice(["lab", "up", "--xen", "./absent"], { env });
  assert.match(run.stderr, /"\.\/absent": there is no such file\n +remedy:/);
  assert.equal(run.exitCode, 1);
});

test("lab up under a name that is taken is no wrong use", async () => {
  showLab(world, "taken");
  const run = await runXsplice(["lab", "up", "taken", "--json"], { env });
  assert.equal(JSON.parse(run.stdout).error.code, "lab/name-taken");
  assert.equal(run.exitCode, 1);
});

test("an empty name of a payload is not called too long", async () => {
  const host = new FakeHost();
  const run = await runXsplice(["load", join(world, ".livepatch")], { host });
  assert.match(run.stderr, /Cannot use an empty name[\s\S]+remedy: +name it/);
});
