// What a patch or a source can have make and the compiler do, attacked with the small Xen: everything here is
// run by `xsplice build` in the same way.

import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { preparePairs } from "../../src/pairs/prepare-pairs.ts";
import type { PreparedPairs } from "../../src/pairs/prepared-pairs.ts";
import { runProcess } from "../../src/parts/run-process.ts";
import { readMade, requireMade } from "../../src/xen-make/sandbox/made-file.ts";
import { confined } from "../../src/xen-make/sandbox/sandbox.ts";
import { makeSmallXen, smallXen } from "../../src/xen-make/small-xen.test.support.ts";
import { findMakeTools } from "../../src/xen-make/tools.ts";
import { buildTest } from "../why-no-build.ts";

const commonFile = "xen/common/Makefile";
const common = smallXen[commonFile] ?? "";
const generatorFile = "xen/tools/generate.sh";
const generator = smallXen[generatorFile] ?? "";
const kernelFile = "xen/common/kernel.c";
const kernel = smallXen[kernelFile] ?? "";

interface Victim {
  readonly folder: string;
  /** What an attack makes where it should not. */
  readonly mark: string;
  /** What nobody else may read, or write. */
  readonly secret: string;
}

/** As private as a home. */
function makeVictim(t: { after(work: () => void): void }): Victim {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-victim-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const secret = join(folder, "secret");
  writeFileSync(secret, "#define SECRET 1\n");
  return { folder, mark: join(folder, "mark"), secret };
}

const outcomeOf = ({ account }: PreparedPairs, path: string) =>
  account.ledger.find(({ file }) => file === path)?.outcome;

const readByMake = {
  "by a function of make": (mark: string) => `x := $(shell touch ${mark})\n${common}`,
  "over two lines": (mark: string) => `x := $(\\\n  shell touch ${mark})\n${common}`,
  "by an assignment": (mark: string) => `x != touch ${mark}\n${common}`,
  "by a computed name": (mark: string) => `s := shell\nx := $(call $(s),touch ${mark})\n${common}`,
  "by its own shell": (mark: string) => `SHELL := touch ${mark};\n${common}`,
};
for (const [how, change] of Object.entries(readByMake)) {
  for (const sandbox of ["auto", "none"] as const) {
    buildTest(
      `a make file that runs a command ${how} is refused unrun, sandbox ${sandbox}`,
      async (t) => {
        const { mark } = makeVictim(t);
        const request = makeSmallXen(t).request(
          { [commonFile]: change(mark) },
          { run: { sandbox } },
        );
        const outcome = outcomeOf(await preparePairs(request), commonFile);
        assert.equal(outcome?.kind, "refused");
        assert.match(outcome?.kind === "refused" ? outcome.reason : "", /can run a command/);
        assert.equal(existsSync(mark), false);
      },
    );
  }
}

buildTest("nothing of a patch runs when a file of it is refused by its name", async (t) => {
  const { mark } = makeVictim(t);
  const changes = {
    [generatorFile]: `touch ${mark}\n${generator}`,
    "xen/arch/x86/xen.lds.S": "SECTIONS { . = 4096; }\n",
  };
  const request = makeSmallXen(t).request(changes, { run: { sandbox: "none" } });
  const result = await preparePairs(request);
  assert.equal(outcomeOf(result, "xen/arch/x86/xen.lds.S")?.kind, "refused");
  assert.deepEqual(outcomeOf(result, generatorFile), { kind: "not-built" });
  assert.equal(existsSync(mark), false);
});

buildTest("a generator of a patch reaches no file but its copy of the source", async (t) => {
  const { mark, secret } = makeVictim(t);
  const script = `touch ${mark}\necho x >> ${secret}\ncat ${secret} /etc/passwd 2>/dev/null\n`;
  const request = makeSmallXen(t).request({ [generatorFile]: `${script}${generator}` });
  const result = await preparePairs(request);
  // Had it printed anything more, the header would be another one.
  assert.equal(outcomeOf(result, generatorFile)?.kind, "not-in-configuration");
  assert.equal(existsSync(mark), false);
  assert.equal(readFileSync(secret, "utf8"), "#define SECRET 1\n");
});

buildTest(
  "a generator of a patch changes no source, neither in its copy nor in that of later builds",
  async (t) => {
    const xen = makeSmallXen(t);
    const clean = xen.request({
      [kernelFile]: `${kernel}/* fixed */\nint fixed(void) { return 1; }\n`,
    });
    const before = await preparePairs(clean);
    const poison = "for f in common/*.c include/*.h; do echo 'int poison;' >> $f; done\n";
    const hostile = xen.request({ [generatorFile]: `${poison}${generator}` });
    await assert.rejects(preparePairs(hostile), /what the patch has make run writes into sources/);
    const again = await preparePairs(clean);
    assert.deepEqual(again.pairs, before.pairs);
  },
);

for (const sandbox of ["auto", "none"] as const) {
  buildTest(
    `a link that make leaves leads none of our writing out, sandbox ${sandbox}`,
    async (t) => {
      const { folder, secret } = makeVictim(t);
      for (const [path, text] of Object.entries(smallXen)) {
        if (!path.startsWith("xen/common/")) continue;
        mkdirSync(join(folder, "common"), { recursive: true });
        writeFileSync(join(folder, path.slice("xen/".length)), text);
      }
      const links = `rm -rf common\nln -s ${folder}/common common\nln -s ${secret} prelink.o\n`;
      const request = makeSmallXen(t).request(
        { [generatorFile]: `${generator}${links}`, [kernelFile]: `\n${kernel}` },
        { run: { sandbox } },
      );
      const reason = sandbox === "none" ? /leads out of it/ : /Xen's make ended with 2/;
      await assert.rejects(preparePairs(request), reason);
      assert.equal(readFileSync(join(folder, "common/kernel.c"), "utf8"), kernel);
      assert.equal(readFileSync(secret, "utf8"), "#define SECRET 1\n");
    },
  );
}

buildTest(
  "a pipe or a link where make was to leave a file is refused, not waited for",
  async (t) => {
    const { folder, secret } = makeVictim(t);
    const [pipe, link] = [join(folder, "pipe"), join(folder, "link")];
    await runProcess(["mkfifo", pipe]);
    symlinkSync(secret, link);
    for (const path of [pipe, link, folder, "/dev/zero"]) {
      assert.equal(readMade(path), undefined);
      assert.throws(() => requireMade(path, "common/kernel.o"), /it is not a regular file/);
    }
    assert.equal(readMade(secret)?.toString("utf8"), "#define SECRET 1\n");
  },
);

buildTest("code of a patch takes in no file of the machine", async (t) => {
  const { secret } = makeVictim(t);
  for (const text of [`#include "${secret}"\n`, `asm(".incbin \\"${secret}\\"");\n`]) {
    const request = makeSmallXen(t).request({ [kernelFile]: `${text}${kernel}` });
    await assert.rejects(preparePairs(request), /Cannot compile the patched source/);
  }
});

buildTest(
  "what runs in the sandbox has no network, no other process, no home and no way to write",
  async (t) => {
    const { folder, secret } = makeVictim(t);
    const tree = join(folder, "tree");
    mkdirSync(tree);
    const server = createServer((socket) => socket.on("error", () => undefined).end("reached"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const { sandbox, environment } = await findMakeTools({
      architecture: "x86_64",
      compiler: undefined,
    });
    assert.equal(sandbox.kind, "bubblewrap", sandbox.kind === "none" ? sandbox.because : "");
    const reaches = {
      network: `exec 3<>/dev/tcp/127.0.0.1/${port}`,
      "another process": `kill -0 ${process.pid}`,
      "a secret": `cat ${secret}`,
      accounts: "cat /etc/passwd",
      "what others run": "ls /proc/self /sys/kernel",
      home: 'test -n "$HOME"',
      root: "ls /root /home",
      "programs of the system": "echo >> /usr/bin/xsplice-was-here",
    };
    const run = async (argv: readonly string[]) =>
      (await runProcess(argv, { env: { ...environment } })).exitCode;
    const reach = { tree, access: "write" } as const;
    for (const [what, script] of Object.entries(reaches)) {
      const inside = await run(confined(sandbox, ["bash", "-c", script], reach));
      assert.notEqual(inside, 0, what);
    }
    assert.equal(await run(["bash", "-c", reaches.network]), 0);
    assert.equal(await run(confined(sandbox, ["touch", join(tree, "made")], reach)), 0);
    const reading = confined(sandbox, ["touch", join(tree, "made")], { tree, access: "read" });
    assert.notEqual(await run(reading), 0);
  },
);

buildTest("where there is no sandbox, a patch that brings what make runs is refused", async (t) => {
  const { folder, mark } = makeVictim(t);
  const said = "bwrap: No permissions to create a new namespace";
  writeFileSync(join(folder, "bwrap"), `#!/bin/sh\necho '${said}' >&2\nexit 1\n`, { mode: 0o755 });
  const environment = { ...process.env, PATH: `${folder}:${process.env["PATH"]}` };
  const xen = makeSmallXen(t);
  const hostile = { [generatorFile]: `touch ${mark}\n${generator}` };
  await assert.rejects(preparePairs(xen.request(hostile, { run: { environment } })), (error) => {
    assert.ok(error instanceof Error);
    assert.match(error.message, /there is no sandbox to run it in: bwrap: No permissions/);
    return true;
  });
  assert.equal(existsSync(mark), false);
  // A patch of code alone is built, and it is told.
  const code = await preparePairs(
    xen.request({ [kernelFile]: kernel.replace("wide()", "wide() + 2") }, { run: { environment } }),
  );
  assert.equal(code.pairs.length, 2);
  assert.deepEqual(code.source.sandbox, { kind: "none", because: said, isWanted: false });
});
