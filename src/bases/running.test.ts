// Which hypervisor a host runs, by what its dom0 and its hypervisor say: a dom0 without ssh and without
// Xen, and packages that lie in the cache.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { makePlace } from "../hosts/ssh/fake-dom0.test.support.ts";
import { partDefinition } from "../parts/catalogue.ts";
import { formatManifest, MANIFEST_NAME, partFolder } from "../parts/manifest.ts";
import { syntheticXenSyms, XEN_ID } from "../xen-model/synthetic.test.support.ts";
import { readDom0Facts } from "./dom0-facts.ts";
import { openBase } from "./open-base.ts";
import { openRunning, type RunningHost } from "./running.ts";

const world = mkdtempSync(join(tmpdir(), "xsplice-bases-"));
after(() => rmSync(world, { recursive: true, force: true }));

const VERSION = "4.17.5+1-1";
const cache = join(world, "cache");
putPart(`xen-${VERSION}`, { "usr/lib/debug/boot/xen-syms-4.17-amd64": syntheticXenSyms("4.17.5") });

function putPart(id: string, contents: Readonly<Record<string, string | Uint8Array>>): void {
  const folder = partFolder(cache, id);
  for (const [path, content] of Object.entries(contents)) {
    const place = join(folder, "root", path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, content);
  }
  writeFileSync(join(folder, MANIFEST_NAME), formatManifest(partDefinition(id), [], 0));
}

const debian = (version: string) => ({
  system: "debian 12",
  packages: [{ kind: "deb", name: "xen-hypervisor-4.17-amd64", version } as const],
  lpDevel: [],
});
const runs = (buildId: string) => ({ version: { major: 4, minor: 17, extra: ".5" }, buildId });
const hostWith = (more: Partial<RunningHost>): RunningHost => ({
  label: "ssh:root@dom0",
  facts: debian(VERSION),
  info: runs(XEN_ID),
  ...more,
});

test("readDom0Facts() takes installed packages, and directories of xen-lp-devel", () => {
  const output = [
    "os xenenterprise 8.3.0",
    "deb xen-hypervisor-4.17-amd64 4.17.5+1-1 installed",
    "deb xen-hypervisor-4.14-amd64 4.14.6-1 config-files",
    "deb xen-hypervisor-common  not-installed",
    "rpm xen-hypervisor 4.17.6-2.xs8",
    "lp-devel /usr/src/xen-4.17.6-2.xs8/",
  ].join("\n");
  assert.deepEqual(readDom0Facts(output), {
    system: "xenenterprise 8.3.0",
    packages: [
      { kind: "deb", name: "xen-hypervisor-4.17-amd64", version: "4.17.5+1-1" },
      { kind: "rpm", name: "xen-hypervisor", version: "4.17.6-2.xs8" },
    ],
    lpDevel: ["/usr/src/xen-4.17.6-2.xs8"],
  });
  assert.deepEqual(readDom0Facts(""), { system: undefined, packages: [], lpDevel: [] });
});

test("openBase() asks a dom0 over ssh which package it runs, and compares the build-id", async () => {
  const { folder, command } = await makePlace({
    programs: {
      xl: `#!/bin/sh\nprintf 'xen_major : 4\\nxen_minor : 17\\nxen_extra : .5\\nbuild_id : ${XEN_ID}\\n'\n`,
      "dpkg-query": `#!/bin/sh\necho deb xen-hypervisor-4.17-amd64 ${VERSION} installed\n`,
      rpm: "#!/bin/sh\nexit 1\n",
    },
  });
  const options = { cache, sshCommand: command, need: "symbols" } as const;
  const base = await openBase("ssh:root@dom0", options);
  assert.deepEqual([base.packageVersion, base.buildId], [VERSION, XEN_ID]);
  rmSync(folder, { recursive: true });
});

test("openRunning() goes by the package alone where no hypervisor answers", async () => {
  const host = hostWith({ label: "this machine", info: undefined });
  const parts = await openRunning(host, "symbols", { cache });
  assert.deepEqual([parts.packageVersion, parts.buildId], [VERSION, undefined]);
});

test("openRunning() says of a vendor's hypervisor that its xen-lp-devel is needed", async () => {
  const facts = {
    system: "xenenterprise 8.3.0",
    packages: [{ kind: "rpm", name: "xen-hypervisor", version: "4.17.6-2" } as const],
    lpDevel: [],
  };
  await assert.rejects(
    openRunning(hostWith({ facts }), "build", { cache }),
    /another distribution\n +where: .*xen-hypervisor 4\.17\.6-2.*remedy: .*xen-lp-devel/s,
  );
});

test("openRunning() says of a host without a package what it runs", async () => {
  const facts = { system: "qubes 4.2", packages: [], lpDevel: [] };
  await assert.rejects(
    openRunning(hostWith({ facts }), "build", { cache }),
    /no package of one is installed there\n +where: .*qubes 4\.2 with Xen 4\.17\.5; installed: none/,
  );
});
