// An apt-get of our own: a shell script that plays a mirror with packages busybox-static,
// debian-archive-keyring, and two without files, xz-utils and patch. It writes down what it was asked;
// files tell it to fail, to be silent or to forge. Not a test.

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { planParts } from "./plan.ts";

/** All that lies below it is gone after the tests. */
export const world = mkdtempSync(join(tmpdir(), "xsplice-parts-"));
after(() => rmSync(world, { recursive: true, force: true }));

const mirror = join(world, "mirror");
/** In front of PATH: the apt-get that knows the mirror. */
export const bin = join(world, "bin");
/** What apt-get was asked, a line each; absent when it was asked nothing. */
export const log = join(world, "apt.log");
/** While it is there, apt-get fails with what it says. */
export const failure = join(world, "fail");
/** While it is there, apt-get does not answer. */
export const silence = join(world, "silent");
/** While it is there, what apt-get downloads has a line more than the lists say. */
export const forgery = join(world, "forge");

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

/** A program that ends well and does nothing. @returns its path */
export function makeProgram(name: string): string {
  const program = join(bin, name);
  writeFileSync(program, "#!/bin/sh\n");
  chmodSync(program, 0o755);
  return program;
}

/**
 * Knows `update`, `download`, and both with --print-uris. As apt's, its update takes the lists that are
 * there for what it has fetched.
 */
function makeApt(): void {
  mkdirSync(bin, { recursive: true });
  writeFileSync(
    join(bin, "apt-get"),
    `#!/bin/sh
words=
while [ $# -gt 0 ]; do
    case $1 in -o) case $2 in Dir::State=*) lists=\${2#*=}/lists ;; esac; shift ;; -qq) ;; *) words="$words $1" ;; esac
    shift
done
echo "$words" >>${log}
set -- $words
[ ! -e ${silence} ] || exec sleep 60
[ ! -e ${failure} ] || { cat ${failure} >&2; exit 100; }
case "$*" in
"update --print-uris") echo "'http://mirror.example/debian/dists/bookworm/InRelease' x 0 " ;;
update) [ -e "$lists/Packages" ] || echo "Package: all" >"$lists/Packages" ;;
download*)
    shift
    [ -s "$lists/Packages" ] || { echo "E: Unable to parse package file" >&2; exit 100; }
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
/** The name of one that is not there yet. The mirror answers, and has been asked nothing. */
export function emptyCache(): string {
  for (const file of [log, failure, silence, forgery]) rmSync(file, { force: true });
  return join(world, `cache-${++caches}`);
}

/** So that the machine need not have one. */
export function putKeyring(cache: string): void {
  mkdirSync(join(cache, "keyring/usr/share/keyrings"), { recursive: true });
  writeFileSync(join(cache, "keyring/usr/share/keyrings/debian-archive-keyring.gpg"), "");
}

/** In a cache that has a keyring. */
export async function planBusybox(cache: string): ReturnType<typeof planParts> {
  putKeyring(cache);
  return await planParts(["busybox"], { cache });
}
