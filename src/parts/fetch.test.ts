// Planning and fetching against an apt-get of our own: a shell script that plays a mirror with one
// small package and writes down what it was asked.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
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
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { leaveAbandoned } from "../files/files.test.support.ts";
import { fetchParts } from "./fetch.ts";
import { requireKeyring } from "./keyring.ts";
import { withLock } from "./lock.ts";
import { inspectParts, requirePart } from "./parts.ts";
import { planParts } from "./plan.ts";

const world = mkdtempSync(join(tmpdir(), "xsplice-parts-"));
after(() => rmSync(world, { recursive: true, force: true }));

const mirror = join(world, "mirror");
const bin = join(world, "bin");
const log = join(world, "apt.log");
const failure = join(world, "fail");
const silence = join(world, "silent");
const forgery = join(world, "forge");

makePackage("busybox-static", { "bin/busybox": "applets", "usr/share/doc/x": "words" });
for (const name of ["xz-utils", "patch"]) makePackage(name, {});
makePackage("debian-archive-keyring", {
  "usr/share/keyrings/debian-archive-keyring.gpg": "keys",
});
makeApt();
process.env["PATH"] = `${bin}:${process.env["PATH"]}`;

function makePackage(name: string, files: Readonly<Record<string, string>>): void {
  const tree = join(world, name);
  const control = `Package: ${name}\nVersion: 1.0\nArchitecture: all\nMaintainer: nobody\nDescription: x\n`;
  for (const [path, text] of Object.entries({ ...files, "DEBIAN/control": control })) {
    mkdirSync(join(tree, path, ".."), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  mkdirSync(mirror, { recursive: true });
  execFileSync(
    "dpkg-deb",
    ["--build", "--root-owner-group", tree, join(mirror, `${name}_1.0_all.deb`)],
    {
      stdio: "ignore",
    },
  );
}

/** Knows `update`, `download`, and both with --print-uris. */
function makeApt(): void {
  mkdirSync(bin, { recursive: true });
  writeFileSync(
    join(bin, "apt-get"),
    `#!/bin/sh
words=
while [ $# -gt 0 ]; do
    case $1 in -o) shift ;; -qq) ;; *) words="$words $1" ;; esac
    shift
done
echo "$words" >>${log}
set -- $words
[ ! -e ${silence} ] || exec sleep 60
[ ! -e ${failure} ] || { cat ${failure} >&2; exit 100; }
case "$*" in
"update --print-uris") echo "'http://mirror.example/debian/dists/bookworm/InRelease' x 0 " ;;
update) ;;
download*)
    shift
    for word; do
        file=${mirror}/\${word%%=*}_1.0_all.deb
        case $word in
        --print-uris) print=1 ;;
        *) [ -e "$file" ] || { echo "E: Unable to locate package $word" >&2; exit 100; }
            if [ "$print" ]; then
                echo "'http://mirror.example/x.deb' \${file##*/} $(wc -c <"$file") SHA256:$(sha256sum "$file" | cut -d' ' -f1)"
            else
                cp "$file" .
                [ ! -e ${forgery} ] || echo more >>"\${file##*/}"
            fi ;;
        esac
    done ;;
esac
`,
  );
  chmodSync(join(bin, "apt-get"), 0o755);
}

let caches = 0;
function emptyCache(): string {
  rmSync(log, { force: true });
  rmSync(failure, { force: true });
  rmSync(silence, { force: true });
  rmSync(forgery, { force: true });
  return join(world, `cache-${++caches}`);
}

/** With a keyring, so that the machine need not have one. */
async function planBusybox(cache: string): ReturnType<typeof planParts> {
  mkdirSync(join(cache, "keyring/usr/share/keyrings"), { recursive: true });
  writeFileSync(join(cache, "keyring/usr/share/keyrings/debian-archive-keyring.gpg"), "");
  return await planParts(["busybox"], { cache });
}

test("fetchParts() brings what planParts() named, only the members that the part wants", async () => {
  const cache = emptyCache();
  const plan = await planBusybox(cache);
  assert.deepEqual(
    plan.toFetch.map(({ definition, files }) => [definition.id, files.map(({ name }) => name)]),
    [["busybox", ["busybox-static"]]],
  );
  const progress: number[] = [];
  await fetchParts(plan, {
    onProgress: (event) => event.kind === "bytes" && progress.push(event.done),
  });
  assert.equal(progress.at(-1), plan.downloadBytes);
  const state = requirePart("busybox", { cache });
  assert.equal(state.kind, "cached");
  assert.ok(state.kind === "cached");
  assert.equal(readFileSync(join(state.root, "bin/busybox"), "utf8"), "applets");
  assert.ok(!existsSync(join(state.root, "usr/share/doc")));
});

test("planParts() stops apt-get when it is told to", async () => {
  const cache = emptyCache();
  writeFileSync(silence, "");
  const stop = new AbortController();
  const planning = planParts(["busybox"], { cache, signal: stop.signal });
  while (!existsSync(log)) await new Promise((done) => setTimeout(done, 10));
  stop.abort(new Error("enough"));
  await assert.rejects(planning, /^Error: enough$/);
  // The lock is free again.
  await withLock(cache, "apt", async () => undefined);
});

test("planParts() refuses a cache folder in which nothing can be made", async () => {
  const cache = "/proc/1/cache/xsplice";
  await assert.rejects(planParts(["busybox"], { cache }), {
    message:
      /Cannot write to the cache "\/proc\/1\/cache\/xsplice": the system makes no folder there\n +remedy: +set XDG/,
  });
});

test("planParts() asks no mirror when everything is there", async () => {
  const cache = emptyCache();
  await fetchParts(await planBusybox(cache));
  rmSync(log);
  const plan = await planBusybox(cache);
  assert.deepEqual([plan.toFetch.length, plan.downloadBytes], [0, 0]);
  await fetchParts(plan);
  assert.ok(!existsSync(log));
});

test("fetchParts() leaves the cache as it was when the download fails", async () => {
  const cache = emptyCache();
  const plan = await planBusybox(cache);
  writeFileSync(failure, "E: Connection reset");
  await assert.rejects(fetchParts(plan), /Cannot download packages of Debian bookworm/);
  assert.deepEqual(readdirSync(join(cache, "parts")), []);
  assert.equal(inspectParts(["busybox"], { cache })[0]?.state.kind, "missing");
});

test("fetchParts() takes no package but the one that the lists name", async () => {
  const cache = emptyCache();
  const plan = await planBusybox(cache);
  writeFileSync(forgery, "");
  await assert.rejects(fetchParts(plan), /it is not the file that the signed lists name/);
  assert.deepEqual(readdirSync(join(cache, "parts")), []);
  await assert.rejects(requireKeyring(join(world, "forged"), {}, join(world, "empty")), {
    message: /it is not the file that the signed lists name/,
  });
});

test("requirePart() takes a part with a damaged manifest for missing", async () => {
  const cache = emptyCache();
  await fetchParts(await planBusybox(cache));
  const manifest = join(cache, "parts/busybox/part.json");
  const whole = readFileSync(manifest, "utf8");
  for (const text of ["", whole.slice(0, -20), '{"format":1}', whole.replace("[", "null,[")]) {
    writeFileSync(manifest, text);
    assert.equal(inspectParts(["busybox"], { cache })[0]?.state.kind, "missing", text);
  }
  await fetchParts(await planBusybox(cache));
  assert.equal(requirePart("busybox", { cache }).kind, "cached");
});

test("fetchParts() removes what a killed fetch left, and fetches anew", async () => {
  const cache = emptyCache();
  leaveAbandoned(join(cache, "parts"), ".unfinished-killed");
  mkdirSync(join(cache, "parts/busybox/root"), { recursive: true }); // Without a manifest.
  await fetchParts(await planBusybox(cache));
  assert.deepEqual(readdirSync(join(cache, "parts")), ["busybox"]);
  assert.equal(requirePart("busybox", { cache }).kind, "cached");
});

test("planParts() reports a suite that has left the mirror, and goes on with the others", async () => {
  const cache = emptyCache();
  mkdirSync(cache);
  const plan = await planBusybox(cache).then(async () => {
    writeFileSync(failure, "E: The repository does not have a Release file. 404");
    rmSync(join(cache, "apt"), { recursive: true });
    return await planParts(["busybox"], {
      cache,
      environment: { ...process.env, XSPLICE_DEBIAN_MIRROR: "http://mirror.example/debian/" },
    });
  });
  assert.deepEqual(plan.toFetch, []);
  const [unavailable] = plan.unavailable;
  assert.equal(unavailable?.reason.report.code, "parts/suite-gone");
  assert.match(unavailable?.reason.report.problem ?? "", /not on the mirror/);
  assert.match(unavailable?.reason.report.remedy ?? "", /XSPLICE_DEBIAN_MIRROR/);
});

test("planParts() fetches what unpacks a source before it, where the machine cannot", async () => {
  const plan = async (PATH: string) => {
    const cache = emptyCache();
    mkdirSync(join(cache, "keyring/usr/share/keyrings"), { recursive: true });
    writeFileSync(join(cache, "keyring/usr/share/keyrings/debian-archive-keyring.gpg"), "");
    const environment = { ...process.env, PATH };
    const { toFetch } = await planParts(["xen-source-4.17"], { cache, environment });
    return toFetch.map(({ definition }) => definition.id);
  };
  for (const name of ["xz", "patch"]) {
    writeFileSync(join(bin, name), "#!/bin/sh\n");
    chmodSync(join(bin, name), 0o755);
  }
  assert.deepEqual(await plan(bin), ["xen-source-4.17"]);
  rmSync(join(bin, "xz"));
  assert.deepEqual(await plan(bin), ["source-unpackers", "xen-source-4.17"]);
  rmSync(join(bin, "patch"));
});

test("requirePart() says of a part that was not fetched what to do", () => {
  assert.throws(() => requirePart("busybox", { cache: emptyCache() }), /it has not been fetched/);
});

test("inspectParts() takes a program of the machine's own where a part allows it", () => {
  const program = join(bin, "mksquashfs");
  writeFileSync(program, "#!/bin/sh\n");
  chmodSync(program, 0o755);
  const environment = { PATH: bin, HOME: world };
  const [part] = inspectParts(["squashfs-tools"], { environment });
  assert.deepEqual(part?.state, { kind: "provided", program });
  rmSync(program);
  assert.equal(inspectParts(["squashfs-tools"], { environment })[0]?.state.kind, "missing");
});

test("requireKeyring() brings the keyring with the machine's own apt where there is none", async () => {
  const cache = emptyCache();
  const notes: string[] = [];
  const path = await requireKeyring(
    cache,
    { onProgress: ({ text }) => notes.push(text) },
    join(world, "empty"),
  );
  assert.equal(readFileSync(path, "utf8"), "keys");
  assert.match(notes.join(), /debian-archive-keyring/);
  assert.equal(
    await requireKeyring(cache, { onProgress: () => assert.fail() }, join(world, "empty")),
    path,
  );
});

test("withLock() lets one work at a time, and goes on when a holder is killed", async () => {
  const cache = emptyCache();
  const lock = fileURLToPath(new URL("./lock.js", import.meta.url));
  const script = `import { withLock } from ${JSON.stringify(lock)};
    await withLock(${JSON.stringify(cache)}, "x", async () => {
      process.stdout.write("held");
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    });`;
  const holder = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  let entered = false;
  const waiting = withLock(cache, "x", async () => {
    entered = true;
  });
  await assert.rejects(
    withLock(cache, "x", async () => undefined, AbortSignal.timeout(50)),
    { name: "TimeoutError" },
  );
  assert.ok(!entered);
  holder.kill("SIGKILL");
  await waiting;
  assert.ok(entered);
});
