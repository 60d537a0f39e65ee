// A machine whose own configuration of apt has switched its verification off. apt itself is the
// machine's; the mirror is a folder, which nobody has signed.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { aptEnvironment } from "./apt-environment.ts";
import { requireGenuine } from "./package-file.ts";
import { findProgram } from "./parts.ts";
import { planParts } from "./plan.ts";

const world = mkdtempSync(join(tmpdir(), "xsplice-hostile-"));
after(() => rmSync(world, { recursive: true, force: true }));

const missing = ["apt-get", "apt-config", "dpkg-deb"].filter(
  (name) => findProgram(name, process.env) === undefined,
);
const skip = missing.length > 0 && `this machine has no ${missing.join(", no ")}`;

const hostile = join(world, "hostile.conf");
writeFileSync(
  hostile,
  `APT::Get::AllowUnauthenticated "true";
Acquire::AllowInsecureRepositories "true";
Acquire::AllowWeakRepositories "true";
Acquire::AllowDowngradeToInsecureRepositories "true";
Acquire::Check-Valid-Until "false";
Acquire::http::Proxy "http://proxy.example:3128/";
Acquire::http::Proxy::mirror.example "DIRECT";
Acquire::https::mirror.example::CAInfo "/etc/ssl/own.pem";
Acquire::https::Verify-Peer "false";
Acquire::ForceIPv4 "true";
Dir::Etc::trusted "/nowhere";
`,
);

function write(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** With the one package of part busybox, and no signature. Its security archive is empty. */
function makeUnsignedMirror(): string {
  const [mirror, tree] = [join(world, "mirror"), join(world, "tree")];
  const control =
    "Package: busybox-static\nVersion: 1.0\nArchitecture: amd64\nMaintainer: nobody\nDescription: x\n";
  write(join(tree, "DEBIAN/control"), control);
  mkdirSync(mirror);
  const file = join(mirror, "busybox-static_1.0_amd64.deb");
  execFileSync("dpkg-deb", ["--build", "--root-owner-group", tree, file], { stdio: "ignore" });
  const size = readFileSync(file).length;
  const place = `Filename: busybox-static_1.0_amd64.deb\nSize: ${size}\nSHA256: ${sha256(file)}\n`;
  writeSuite(mirror, "bookworm", `${control}${place}\n`);
  writeSuite(`${mirror}-security`, "bookworm-security", "");
  return mirror;
}

function writeSuite(mirror: string, suite: string, list: string): void {
  const folder = join(mirror, "dists", suite);
  const path = write(join(folder, "main/binary-amd64/Packages"), list);
  const listed = ` ${sha256(path)} ${list.length} main/binary-amd64/Packages`;
  const release = `Origin: Debian\nSuite: ${suite}\nCodename: ${suite}\nArchitectures: amd64\nComponents: main`;
  const date = "Date: Mon, 01 Jan 2024 00:00:00 UTC";
  write(join(folder, "Release"), `${release}\n${date}\nSHA256:\n${listed}\n`);
}

async function withHostileApt<Result>(work: () => Promise<Result>): Promise<Result> {
  process.env["APT_CONFIG"] = hostile;
  try {
    return await work();
  } finally {
    delete process.env["APT_CONFIG"];
  }
}

test("planParts() takes nothing of an unsigned mirror that the machine's apt would take", {
  skip,
}, async () => {
  const cache = join(world, "cache");
  write(join(cache, "keyring/usr/share/keyrings/debian-archive-keyring.gpg"), "");
  const environment = { ...process.env, XSPLICE_DEBIAN_MIRROR: `file:${makeUnsignedMirror()}` };
  const plan = await withHostileApt(() => planParts(["busybox"], { cache, environment }));
  assert.deepEqual(plan.toFetch, []);
  const [unavailable] = plan.unavailable;
  assert.equal(unavailable?.reason.report.code, "parts/suite-unavailable");
  assert.match(unavailable?.reason.report.where ?? "", /is not signed/);
});

test("aptEnvironment() has of the machine's configuration only the way to a mirror", {
  skip,
}, async () => {
  const environment = await withHostileApt(() => aptEnvironment(join(world, "own"), undefined));
  const read = execFileSync("apt-config", ["dump"], { env: environment, encoding: "utf8" });
  const setting = (name: string) => read.match(new RegExp(`^${name} "(.*)";$`, "m"))?.[1];
  assert.equal(setting("APT::Get::AllowUnauthenticated"), "false");
  assert.equal(setting("Acquire::AllowInsecureRepositories"), "false");
  assert.equal(setting("Acquire::AllowWeakRepositories"), "false");
  assert.equal(setting("Acquire::AllowDowngradeToInsecureRepositories"), "false");
  assert.equal(setting("Acquire::Check-Valid-Until"), undefined);
  assert.equal(setting("Acquire::https::Verify-Peer"), undefined);
  assert.equal(setting("Dir::Etc::trusted"), "trusted.gpg");
  assert.equal(setting("Acquire::http::Proxy"), "http://proxy.example:3128/");
  assert.equal(setting("Acquire::http::Proxy::mirror.example"), "DIRECT");
  assert.equal(setting("Acquire::ForceIPv4"), "true");
  assert.equal(setting("Acquire::https::mirror.example::CAInfo"), "/etc/ssl/own.pem");
});

test("requireGenuine() refuses a file that is not the listed one, and a hash that proves nothing", () => {
  const folder = join(world, "downloads");
  const path = write(join(folder, "x_1_all.deb"), "package");
  const file = { name: "x", version: "1", fileName: "x_1_all.deb", sizeBytes: 7 };
  requireGenuine([{ ...file, hash: `SHA256:${sha256(path)}` }], folder);
  const refused: readonly (readonly [string, RegExp])[] = [
    [`SHA256:${"00".repeat(32)}`, /"x_1_all\.deb": it is not the file that the signed lists name/],
    ["MD5Sum:d41d8cd98f00b204e9800998ecf8427e", /the lists have no SHA-256 of it/],
    ["", /the lists have no SHA-256 of it/],
  ];
  for (const [hash, message] of refused) {
    assert.throws(() => requireGenuine([{ ...file, hash }], folder), { message });
  }
});
