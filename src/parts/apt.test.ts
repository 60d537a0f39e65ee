import assert from "node:assert/strict";
import { test } from "node:test";
import { findDebianMirror, mirrorFromUris } from "./apt-mirror.ts";
import { cacheFolder, requireCacheFolder } from "./cache-folder.ts";
import { partDefinition, partIds } from "./catalogue.ts";
import { parseUris } from "./package-file.ts";

function release(mirror: string, suite: string): string {
  return `'${mirror}/dists/${suite}/InRelease' some_list_InRelease 0 \n`;
}

const mirrors: readonly {
  readonly name: string;
  readonly listing: string;
  readonly expected: { main: string; security: string | undefined } | undefined;
}[] = [
  {
    name: "Debian's usual sources",
    listing:
      release("http://mirror.example/debian", "bookworm") +
      release("http://mirror.example/debian", "bookworm-updates") +
      release("http://mirror.example/debian-security", "bookworm-security"),
    expected: {
      main: "http://mirror.example/debian",
      security: "http://mirror.example/debian-security",
    },
  },
  {
    name: "a third party's archive for the same suite, in front",
    listing:
      release("https://third.example/stable/debian", "bookworm") +
      release("http://mirror.example/debian", "bookworm") +
      release("http://mirror.example/debian", "bookworm-updates"),
    expected: { main: "http://mirror.example/debian", security: undefined },
  },
  {
    name: "sources that name releases by their age",
    listing: release("http://mirror.example/debian", "stable"),
    expected: { main: "http://mirror.example/debian", security: undefined },
  },
  {
    name: "Ubuntu, with a third party's suite called stable",
    listing:
      release("http://ubuntu.example/ubuntu", "noble") +
      release("http://ubuntu.example/ubuntu", "noble-updates") +
      release("https://browser.example/linux/deb", "stable"),
    expected: undefined,
  },
  { name: "no source at all", listing: "", expected: undefined },
];

for (const { name, listing, expected } of mirrors) {
  test(`mirrorFromUris() finds ${expected ? "the mirror" : "none"} in ${name}`, () => {
    const found = mirrorFromUris(listing);
    assert.deepEqual(found && { main: found.main, security: found.security }, expected);
  });
}

test("parseUris() reads names, versions with an epoch, sizes and hashes", () => {
  const listing =
    "'http://m.example/pool/q/qemu_7.2%2bdfsg_amd64.deb' qemu-system-x86_1%3a7.2+dfsg-7_amd64.deb 9300 SHA256:ab\n" +
    "Some other line\n";
  assert.deepEqual(parseUris(listing), [
    {
      name: "qemu-system-x86",
      version: "1:7.2+dfsg-7",
      fileName: "qemu-system-x86_1%3a7.2+dfsg-7_amd64.deb",
      sizeBytes: 9300,
      hash: "SHA256:ab",
    },
  ]);
});

test("cacheFolder() follows XDG_CACHE_HOME when it is absolute, HOME otherwise", () => {
  assert.equal(cacheFolder({ XDG_CACHE_HOME: "/c", HOME: "/h" }), "/c/xsplice");
  assert.equal(cacheFolder({ XDG_CACHE_HOME: "relative", HOME: "/h" }), "/h/.cache/xsplice");
  assert.equal(cacheFolder({ HOME: "/h" }), "/h/.cache/xsplice");
  for (const HOME of ["", "relative"])
    assert.match(cacheFolder({ HOME }), /^\/.*\.cache\/xsplice$/);
});

test("requireCacheFolder() says of a folder that cannot be made what to set", () => {
  assert.throws(
    () => requireCacheFolder("/dev/null/xsplice"),
    /Cannot write to the cache .*XDG_CACHE_HOME/s,
  );
});

test("partDefinition() has a purpose and a size for every part", () => {
  for (const id of partIds) {
    const { purpose, approximateBytes, packages } = partDefinition(id);
    assert.ok(purpose.length > 10 && approximateBytes > 0 && packages.length > 0, id);
  }
});

test("partDefinition() pins every package of a hypervisor to an exact version", () => {
  const { packages, suite } = partDefinition("xen-4.17.7+13-g2445b30a44-0+deb12u1");
  assert.equal(suite, "bookworm");
  assert.deepEqual(packages, [
    "xen-hypervisor-4.17-amd64=4.17.7+13-g2445b30a44-0+deb12u1",
    "xen-hypervisor-4.17-amd64-dbg=4.17.7+13-g2445b30a44-0+deb12u1",
  ]);
});

test("partDefinition() refuses what it does not know", () => {
  assert.throws(() => partDefinition("xen-5.0"), { name: "PartsError" });
  assert.throws(() => partDefinition("nonsense"), /no such part/);
});

test("findDebianMirror() refuses a variable that is no address", async () => {
  for (const XSPLICE_DEBIAN_MIRROR of ["nonsense", "http://a/ debian", "http://a/\ndeb x"]) {
    await assert.rejects(findDebianMirror("/nowhere", { XSPLICE_DEBIAN_MIRROR }), {
      message: /it is not an address\n +where: +XSPLICE_DEBIAN_MIRROR/,
    });
  }
});
