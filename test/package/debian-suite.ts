// The .deb in clean Debians, whose own Node is too old or not there: installed, used, upgraded, removed, purged; and
// a host that has been patched stays as it is. `npm run test:package` runs it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { call } from "../../src/hosts/boot/fake-boot.test.support.ts";
import { syntheticXenSyms } from "../../src/xen-model/synthetic.test.support.ts";
import { payloadFiles } from "../plan-payloads.ts";
import { DebianRoot, whyNoRoots, XEN_BUILD_ID } from "./debian-root.ts";

const packages = process.env["XSPLICE_PACKAGES"] ?? "";
const folder = mkdtempSync(join(tmpdir(), "xsplice-deb-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function packageFile(ending: string): string {
  const name = readdirSync(packages).find((one) => one.endsWith(ending));
  assert.ok(name !== undefined, `npm run package makes one that ends with ${ending}`);
  return join(packages, name);
}

/** The same under the next version, as a later release brings it. */
function nextVersion(): string {
  const tree = join(folder, "next");
  const run = (...words: readonly string[]) => assert.equal(spawnSync("dpkg-deb", words).status, 0);
  run("-R", packageFile(".deb"), tree);
  const control = join(tree, "DEBIAN/control");
  const script = join(tree, "usr/lib/xsplice/share/boot/start.sh");
  writeFileSync(control, readFileSync(control, "utf8").replace(/^(Version: .*)$/m, "$1+next"));
  writeFileSync(script, `${readFileSync(script, "utf8")}# of the next release\n`);
  const file = join(folder, "next.deb");
  run("--root-owner-group", "-Zgzip", "-z1", "--build", tree, file);
  return file;
}

const next = whyNoRoots() === undefined ? nextVersion() : "";

for (const [suite, release] of [
  ["bookworm", "12"],
  ["trixie", "13"],
] as const) {
  test(`the .deb is installed, used, upgraded and purged in a clean Debian ${release}`, async (t) => {
    const why = whyNoRoots();
    if (why !== undefined) {
      t.skip(why);
      return;
    }
    using root = await DebianRoot.make(suite);
    assert.ok(root.read("etc/debian_version").startsWith(release));
    // Whatever Node there is: it is not used.
    root.write("usr/local/bin/node", "#!/bin/sh\necho 'too old' >&2\nexit 1\n");
    root.run("chmod", "755", "/usr/local/bin/node");
    root.write("root/xsplice.deb", readFileSync(packageFile(".deb")));
    root.write("root/next.deb", readFileSync(next));
    install(root);
    use(root);
    const payload = new TextEncoder().encode("fix");
    await patch(root, payload);
    const before = {
      state: await root.boot.report(call),
      journal: root.read(JOURNAL),
      calls: root.calls,
    };
    const expectSame = async (what: string): Promise<void> => {
      assert.deepEqual(root.applied, ["fix"], what);
      assert.deepEqual(await root.boot.report(call), before.state, what);
      assert.equal(root.read(JOURNAL), before.journal, what);
      assert.equal(
        root.calls,
        before.calls,
        `${what}: nobody has asked the hypervisor for anything`,
      );
    };
    const upgraded = root.run("dpkg", "-i", "/root/next.deb");
    assert.match(upgraded, /the script for reboots is of another release; "xsplice boot enable"/);
    assert.match(root.run("dpkg-query", "-W", "xsplice"), /\+next$/m);
    await expectSame("after the upgrade");
    use(root);
    root.run("dpkg", "--remove", "xsplice");
    await expectSame("after the removal");
    const purged = root.run("dpkg", "--purge", "xsplice");
    assert.match(purged, /\/var\/lib\/xsplice stays/);
    await expectSame("after the purge");
    const left = root.run(
      "find",
      "/usr",
      "/etc",
      "/var/lib/dpkg",
      "/var/cache",
      "-name",
      "*xsplice*",
    );
    assert.equal(left, "", "nothing else is left");
    // Without the package, and without Node.
    root.reboot();
    assert.deepEqual(root.applied, ["fix"]);
    assert.equal((await root.boot.report(call)).last?.ending, "done");
  });
}

const JOURNAL = "var/lib/xsplice/journal.json";

function install(root: DebianRoot): void {
  root.run("dpkg", "-i", "/root/xsplice.deb");
  assert.equal(root.run("dpkg", "-V", "xsplice"), "", "all files are as they were packed");
  for (const path of [
    "usr/share/man/man1/xsplice.1.gz",
    "usr/share/man/man1/xsplice-boot-enable.1.gz",
    "usr/share/bash-completion/completions/xsplice",
    "usr/share/zsh/vendor-completions/_xsplice",
    "usr/share/fish/vendor_completions.d/xsplice.fish",
    "usr/lib/systemd/system/xsplice-boot.service",
    "usr/share/doc/xsplice/licences/node",
    "etc/xsplice",
  ]) {
    assert.ok(root.has(path), path);
  }
  const copyright = root.read("usr/share/doc/xsplice/copyright");
  const texts = readdirSync(root.at("usr/share/doc/xsplice/licences")).join("\n");
  for (const name of ["koffi", "tuf-js", "@tufjs/models", "iced-x86", "@alexaltea/capstone-js"]) {
    assert.ok(copyright.includes(`node_modules/${name}/*\n`), name);
    assert.ok(texts.includes(name.replaceAll("/", "+")), name);
  }
  assert.ok(!root.has("var/lib/xsplice"), "nothing is enabled, nothing is made");
}

function use(root: DebianRoot): void {
  const files = payloadFiles(root.at("root"), 9000);
  files("fix", { functions: ["alpha", "beta"] });
  root.write("root/xen-syms", syntheticXenSyms());
  assert.match(root.run("xsplice", "--version"), /^\d+\.\d+\.\d+\n$/);
  assert.match(root.run("xsplice", "inspect", "/root/fix.livepatch"), /alpha/);
  assert.match(root.run("xsplice", "inspect", "/root/fix.livepatch", "--disassemble"), /jmp|ret/);
  root.run("xsplice", "check", "/root/fix.livepatch", "--xen-syms", "/root/xen-syms");
  assert.match(root.run("xsplice", "explain", "host/policy"), /demands a signature/);
  assert.match(root.run("xsplice", "man", "boot", "enable"), /XSPLICE/i);
  const list = root.try(["xsplice", "list", "--json"]);
  assert.equal(JSON.parse(list.stdout).error.code, "host/unreachable", list.stdout + list.stderr);
  // What calls the hypervisor is there, and fits this C library.
  const koffi =
    'import("koffi").then(({default: k}) => console.log(k.load("libc.so.6").func("int getpid()")()))';
  root.write("usr/lib/xsplice/try-koffi.mjs", koffi);
  assert.match(root.run("/usr/lib/xsplice/bin/node", "/usr/lib/xsplice/try-koffi.mjs"), /^\d+\n$/);
  root.run("rm", "/usr/lib/xsplice/try-koffi.mjs");
  // The policy of the machine counts, without being named.
  root.write("etc/xsplice/policy.json", "{}");
  const bisect = ["bisect", "--json", "--series", "s", "--check", "true", "--source", "s"];
  const refused = root.try(["xsplice", ...bisect, "--xen-syms", "x", "--config", "c"]);
  const { code, where } = JSON.parse(refused.stdout).error;
  assert.deepEqual([code, where], ["depot/bad-policy", "/etc/xsplice/policy.json"]);
  root.run("rm", "/etc/xsplice/policy.json");
}

/** As xsplice on this host does it: the package's own scripts, for a fix that is applied. */
async function patch(root: DebianRoot, bytes: Uint8Array): Promise<void> {
  root.write("fake/fix.livepatch", bytes);
  root.run("xen-livepatch", "upload", "fix", "/fake/fix.livepatch");
  root.run("xen-livepatch", "apply", "fix");
  assert.equal(await root.boot.enable(600, call), "manual");
  const applied = [{ name: "fix", bytes, dependencyCheck: "whole-chain" }] as const;
  await root.boot.keep({ xenBuildId: XEN_BUILD_ID, applied, idle: [] }, call);
  root.write(JOURNAL, '{"version":1}\n');
}
