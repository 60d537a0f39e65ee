// Commands that start a guest in a lab that outlives them, met by ^C and by kill -9 in each phase: one
// message, and no guest is left. Labs of their own end with their command: killed-command.ts.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { compileDom0Program, compileGuest } from "../../src/guest/compile-guest.ts";
import { domainsOf } from "../../src/guest/domains.ts";
import { Guest } from "../../src/guest/guest.ts";
import { connectLab, endLab, type Lab, startDetachedLab } from "../../src/lab/mod.ts";
import { describeOnXen } from "./why-no-xen.ts";

const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
/** Says so when it has a page of the guest, and keeps it. */
const HOLDER = `#include "dom0.h"
struct batch { uint32_t count; uint16_t domain; uint64_t address, *frames; int *errors; };
int attack(int guest)
{
    uint64_t frame = 4;
    int error = 0, device = open("/dev/xen/privcmd", O_RDWR);
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, device, 0);
    struct batch batch = {1, guest, (uintptr_t)page, &frame, &error};
    if (ioctl(device, 0x205004, &batch) || error) return 1;
    printf("holding %d\\n", *(volatile uint8_t *)page & 0);
    for (;;) pause();
}
`;
const signals = ["SIGINT", "SIGKILL"] as const;

await describeOnXen("4.17", "a guest's command that is killed", () => {
  const name = `killed-${process.pid}`;
  const folder = mkdtempSync(join(tmpdir(), "xsplice-killed-"));
  const guest = join(folder, "guest.c");
  let lab: Lab;
  before(async () => {
    writeFileSync(
      guest,
      '#include "guest.h"\nint main(void)\n{\n print("here\\n");\n for (;;) relax();\n}\n',
    );
    await startDetachedLab({ name });
    lab = await connectLab(name);
  });
  after(async () => {
    await lab.close();
    await endLab(name);
    rmSync(folder, { recursive: true });
  });

  const guests = async (): Promise<number> => (await domainsOf(lab).list()).length;

  const start = (args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess =>
    spawn(process.execPath, [main, "lab", "guest", ...args, "--lab", name, guest], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });

  /** What it said, once it has ended by the signal. */
  const endBy = async (child: ChildProcess, signal: (typeof signals)[number]): Promise<string> => {
    const said = Promise.all([child.stdout, child.stderr].map((one) => (one ? text(one) : "")));
    const ended = once(child, "close", { signal: AbortSignal.timeout(60_000) });
    child.kill(signal);
    await ended;
    assert.equal(child.exitCode, signal === "SIGINT" ? 130 : null);
    return (await said).join("");
  };

  const nobodyIsLeft = async (): Promise<void> => {
    const deadline = Date.now() + 20_000;
    while ((await guests()) > 0 && Date.now() < deadline) await sleep(20);
    assert.equal(await guests(), 0, "a guest is left");
  };

  for (const signal of signals) {
    test(`no guest is left when ${signal} comes while it runs`, async () => {
      const child = start(["run", "--timeout", "300"]);
      await once(child.stdout ?? assert.fail(), "data", { signal: AbortSignal.timeout(60_000) });
      assert.equal(await guests(), 1);
      assert.equal(await endBy(child, signal), signal === "SIGINT" ? "Stopped.\n" : "");
      await nobodyIsLeft();
    });

    test(`no guest is left when ${signal} comes while it is made`, async () => {
      const child = start(["start"]);
      let said = "";
      child.stdout?.on("data", (chunk) => {
        said += String(chunk);
      });
      while ((await guests()) === 0 && child.exitCode === null) await sleep(1);
      if (child.exitCode !== null) assert.match(said, /^guest/);
      child.kill(signal);
      if (child.exitCode === null && child.signalCode === null) await once(child, "close");
      // It may have been quicker: then the guest is there, as it said.
      if (said === "") return await nobodyIsLeft();
      const [, number = ""] = /^guest (\d+) runs/.exec(said) ?? assert.fail(said);
      await domainsOf(lab).destroy(Number(number));
    });
  }

  test("a guest whose memory a program in dom0 has mapped is told to be held, until that ends", async () => {
    const source = join(folder, "holder.c");
    writeFileSync(source, HOLDER);
    const program = await compileDom0Program(source);
    const image = await compileGuest(guest, 32);
    const victim = await Guest.start(lab, image);
    const holder = lab.agent.spawn([
      "sh",
      "-c",
      `cat >/tmp/h; chmod 755 /tmp/h; exec /tmp/h ${victim.domain}`,
    ]);
    holder.stdin.end(program);
    await once(holder.stdout, "data", { signal: AbortSignal.timeout(30_000) });
    assert.equal(await victim.destroy(), "held");
    holder.kill();
    await holder.exit;
    assert.equal(await victim.destroy(), "none");
  });

  test("no process and no file is left when SIGINT comes while it is compiled", async () => {
    const compiler = join(folder, "compiler");
    const isBusy = join(folder, "is-busy");
    writeFileSync(
      compiler,
      `#!/bin/sh\necho $$ >${isBusy}.new\nmv ${isBusy}.new ${isBusy}\nsleep 600\n`,
      { mode: 0o755 },
    );
    // Labs are found by this directory, too: the one of the test is another.
    const child = start(["run"], { CC: compiler, XDG_RUNTIME_DIR: folder, TMPDIR: folder });
    while (!existsSync(isBusy)) await sleep(5);
    const compilerId = readFileSync(isBusy, "utf8").trim();
    assert.match(compilerId, /^\d+$/);
    assert.equal(await endBy(child, "SIGINT"), "Stopped.\n");
    assert.deepEqual(
      readdirSync(folder).filter((file) => file.startsWith("xsplice-")),
      [],
    );
    assert.ok(!existsSync(`/proc/${compilerId}`));
  });
});
