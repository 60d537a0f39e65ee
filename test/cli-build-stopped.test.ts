// A whole `xsplice build`, stopped at the first ^C while its compiler hears no signal: nothing that it started goes on,
// nothing is left, and what an earlier build made is whole.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { fixedKernel, linkHypervisor } from "../src/builder/build.test.support.ts";
import { makeSmallXen } from "../src/xen-make/small-xen.test.support.ts";
import { buildTest } from "./why-no-build.ts";

const main = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));

for (const before of ["nothing", "an earlier payload"]) {
  buildTest(`^C of xsplice build leaves nothing of it, over ${before}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "xsplice-stopped-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const small = makeSmallXen(t);
    const [bin, temporary, results] = ["bin", "tmp", "results"].map((name) => join(folder, name));
    assert.ok(bin && temporary && results);
    for (const one of [bin, temporary, results]) mkdirSync(one);
    const pids = join(folder, "pids");
    const gcc = execFileSync("sh", ["-c", "command -v gcc"], { encoding: "utf8" }).trim();
    // Hangs where kernel.c is compiled, and starts what leaves it.
    const script = `case "$*" in
*kernel.c*)
  trap "" TERM INT HUP
  echo $$ >>"${pids}"
  setsid sh -c 'trap "" TERM INT HUP; echo $$ >>"${pids}"; while :; do sleep 1; done' &
  wait; wait; while :; do sleep 1; done ;;
esac
exec "${gcc}" "$@"`;
    writeFileSync(join(bin, "gcc"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const [syms, config, patch] = ["xen-syms", "config", "fix.patch"].map((one) =>
      join(folder, one),
    );
    assert.ok(syms && config && patch);
    writeFileSync(syms, linkHypervisor());
    writeFileSync(config, "CONFIG_LIVEPATCH=y\n");
    writeFileSync(patch, small.request(fixedKernel).inputs.patches[0]?.bytes ?? "");
    const output = join(results, "fix.livepatch");
    if (before !== "nothing") writeFileSync(output, "whole");
    const inputs = ["--source", small.source, "--xen-syms", syms, "--config", config];
    const args = [main, "build", ...inputs, "--patch", patch, "-o", output, "--sandbox", "none"];
    const child = spawn(process.execPath, args, {
      env: {
        ...process.env,
        PATH: `${bin}${delimiter}${process.env["PATH"]}`,
        XDG_CACHE_HOME: small.cacheHome,
        TMPDIR: temporary,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (text) => said.push(String(text)));
    const started = () => (existsSync(pids) ? readFileSync(pids, "utf8").trim().split("\n") : []);
    for (let count = 0; started().length < 2; count++) {
      assert.ok(count < 6000 && child.exitCode === null, said.join(""));
      await sleep(10);
    }
    const stoppedAt = performance.now();
    child.kill("SIGINT");
    await once(child, "close");
    assert.equal(child.exitCode, 130, said.join(""));
    assert.ok(performance.now() - stoppedAt < 10_000);
    assert.match(said.join(""), /\nStopped\.\n$/);
    for (let count = 0; started().some(isAlive) && count < 500; count++) await sleep(10);
    assert.deepEqual(started().filter(isAlive), []);
    assert.deepEqual(readdirSync(results), before === "nothing" ? [] : ["fix.livepatch"]);
    if (before !== "nothing") assert.equal(readFileSync(output, "utf8"), "whole");
    assert.deepEqual(readdirSync(temporary), []);
    const cached = readdirSync(small.cacheHome, { recursive: true, encoding: "utf8" });
    assert.deepEqual(
      cached.filter((path) => /\/work\/.|\.tmp$|\.new$/.test(path)),
      [],
    );
  });
}

/** A process that nobody has waited for is dead as well. */
function isAlive(pid: string): boolean {
  try {
    return !/^State:\t[XZ]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
