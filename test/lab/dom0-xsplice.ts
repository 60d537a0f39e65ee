// This very xsplice inside of a lab's dom0 (userland "full"), as an installed package would lie
// there, so that the local kind of host is tested where it belongs.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Lab } from "../../src/lab/lab.ts";

/** Where it lies in dom0. */
const DOM0_PACKAGE = "/opt/xsplice";
/** Of dom0; the package's root and what was compiled of it, dist or the like. */
const root = fileURLToPath(new URL("../../../", import.meta.url));
const compiled = relative(root, fileURLToPath(new URL("../../", import.meta.url)));

export const DOM0_DIST = `${DOM0_PACKAGE}/${compiled}`;

const PACKED = [
  "package.json",
  "share",
  ...[`${compiled}/bundle`, `${compiled}/src`, `${compiled}/test/lab`],
  ...["commander", "koffi", "@koromix", "valibot"].map((name) => `node_modules/${name}`),
];
const NOT_PACKED = ["*.map", "*.d.ts", "*.d.[cm]ts", "*.test.js", "node_modules/koffi/doc"];
const ARCHIVE_SIZE_MAX = 64 * 1024 * 1024;

/** Puts it there; `xsplice` is a command then. */
export async function installXsplice(lab: Lab): Promise<void> {
  await inDom0(lab, `mkdir -p ${DOM0_PACKAGE} && tar -x -C ${DOM0_PACKAGE}`, await archive());
  const start = `exec node ${DOM0_DIST}/bundle/cli/main.js "$@"`;
  await inDom0(
    lab,
    `cat >/usr/sbin/xsplice && chmod 755 /usr/sbin/xsplice`,
    Buffer.from(`#!/bin/sh\n${start}\n`),
  );
}

async function inDom0(lab: Lab, script: string, stdin: Uint8Array): Promise<void> {
  const { exitCode, stderr } = await lab.exec(["sh", "-c", script], { stdin });
  assert.equal(exitCode, 0, stderr.toString());
}

function archive(): Promise<Buffer> {
  const excluded = NOT_PACKED.map((pattern) => `--exclude=${pattern}`);
  const args = ["-c", "-C", root, ...excluded, ...PACKED];
  const options = { encoding: "buffer", maxBuffer: ARCHIVE_SIZE_MAX } as const;
  return new Promise((resolve, reject) => {
    execFile("tar", args, options, (error, stdout) => (error ? reject(error) : resolve(stdout)));
  });
}
