// The stock verbs beside the stock tool: the same command lines, given to xen-livepatch in a lab's
// dom0 and to xsplice, must print the same on standard output and end with the same code; what the
// stock tool says on standard error has to be among what xsplice says.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openHost } from "../../src/hosts/open-host.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { openLab } from "../../src/lab/open-lab.ts";
import { runXsplice } from "../run-cli.ts";
import { build, extraVersion } from "./contract-payloads.ts";
import { describeOnXen } from "./why-no-xen.ts";
import { readXenImage } from "./xen-image.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-beside-"));
after(() => rmSync(folder, { recursive: true }));

const first = join(folder, "first.livepatch");
const second = join(folder, "second.1.livepatch");
/** Expects other code than the hypervisor has, so it cannot be applied. */
const guarded = join(folder, "guarded.livepatch");

/** In this order, from an empty hypervisor to an empty hypervisor. */
const commandLines: readonly (readonly string[])[] = [
  ["list"],
  ["upload", "first", first],
  ["list"],
  ["upload", "first", first],
  ["apply", "nobody"],
  ["revert", "first"],
  ["apply", "first", "--nodeps"],
  ["list"],
  ["apply", "first"],
  ["replace", "first"],
  ["unload", "first"],
  ["upload", "second", second],
  ["apply", "second"],
  ["list"],
  ["replace", "second"],
  ["list"],
  ["revert", "second"],
  ["unload", "second"],
  ["unload", "first"],
  ["unload", "first"],
  ["load", second],
  ["list"],
  ["load", second],
  ["revert", "second.1"],
  ["unload", "second.1"],
  ["load", guarded],
  ["list"],
];

/** Said in words of our own, or about the usage: only the code has to be the same. */
const wrongUses: readonly (readonly string[])[] = [
  ["upload", "first"],
  ["upload", "first", join(folder, "absent")],
  ["upload", "n".repeat(200), first],
  ["apply"],
  ["unload", "first", "--nodeps"],
  ["list", "extra"],
];

interface Said {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

async function stock(lab: Lab, args: readonly string[]): Promise<Said> {
  const { stdout, stderr, exitCode } = await lab.exec(["xen-livepatch", ...args]);
  return { stdout: stdout.toString(), stderr: stderr.toString(), exitCode };
}

function ours(lab: Lab, args: readonly string[]): Promise<Said> {
  const openLabHost = (): ReturnType<typeof openHost> => openHost(`lab:${lab.info.name}`);
  return runXsplice(args, { openHost: openLabHost });
}

async function prepare(xen: string): Promise<Lab> {
  const lab = await openLab({ xen, userland: "full" });
  assert.ok(lab.info.symbols);
  const image = readXenImage(lab.info.symbols);
  await lab.exec(["mkdir", "-p", folder]);
  for (const [path, text, more] of [
    [first, ".first", {}],
    [second, ".second", {}],
    [guarded, ".guarded", { expectation: "00112233445566" }],
  ] as const) {
    const metadata = ["a=b", `text=${text}`];
    const { bytes } = build(extraVersion(image, text, { metadata, ...more }));
    writeFileSync(path, bytes);
    await lab.exec(["sh", "-c", `cat > ${path}`], { stdin: bytes });
  }
  return lab;
}

function expectAgreement(args: readonly string[], theirs: Said, mine: Said): void {
  const what = `${args.join(" ")}\nstock: ${JSON.stringify(theirs)}\nours: ${JSON.stringify(mine)}`;
  assert.equal(mine.stdout, theirs.stdout, what);
  assert.equal(mine.exitCode, theirs.exitCode, what);
  const missing = theirs.stderr.split("\n").filter((line) => !mine.stderr.includes(line));
  assert.deepEqual(missing, [], what);
}

for (const xen of ["4.14", "4.17", "4.20"]) {
  await describeOnXen(xen, `the stock verbs on Xen ${xen}`, () => {
    test("xsplice says and ends as xen-livepatch does", async () => {
      await using lab = await prepare(xen);
      const theirs: Said[] = [];
      for (const args of commandLines) theirs.push(await stock(lab, args));
      for (const [index, args] of commandLines.entries()) {
        const expected = theirs[index];
        assert.ok(expected);
        expectAgreement(args, expected, await ours(lab, args));
      }
      for (const args of wrongUses) {
        const expected = (await stock(lab, args)).exitCode;
        assert.equal((await ours(lab, args)).exitCode, expected, args.join(" "));
      }
    });

    test("xsplice and xen-livepatch handle each other's payloads", async () => {
      await using lab = await prepare(xen);
      assert.equal((await ours(lab, ["load", first])).exitCode, 0);
      expectAgreement(["list"], await stock(lab, ["list"]), await ours(lab, ["list"]));
      assert.equal((await stock(lab, ["revert", "first"])).exitCode, 0);
      assert.equal((await stock(lab, ["upload", "second", second])).exitCode, 0);
      assert.equal((await ours(lab, ["apply", "second"])).exitCode, 0);
      expectAgreement(["list"], await stock(lab, ["list"]), await ours(lab, ["list"]));
      assert.equal((await stock(lab, ["revert", "second"])).exitCode, 0);
      assert.equal((await ours(lab, ["unload", "second"])).exitCode, 0);
      assert.equal((await stock(lab, ["unload", "first"])).exitCode, 0);
    });
  });
}
