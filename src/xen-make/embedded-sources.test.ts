import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { isEmbedded } from "./embedded-sources.ts";

const tree = mkdtempSync(join(tmpdir(), "xsplice-embedded-"));
after(() => rmSync(tree, { recursive: true }));
const files = {
  "arch/x86/boot/reloc.c": '#include "defs.h"\n#  include <xen/multi.h>\nint reloc;\n',
  "arch/x86/boot/defs.h": '#include "../../../include/xen/kconfig.h"\n',
  "include/xen/multi.h": '#include <xen/inner.h>\n#include "multi.h"\n',
  "include/xen/inner.h": "",
  "include/xen/kconfig.h": "",
  "include/xen/defs.h": "",
};
for (const [path, text] of Object.entries(files)) {
  mkdirSync(join(tree, dirname(path)), { recursive: true });
  writeFileSync(join(tree, path), text);
}
const listing = { embedded: [{ object: "x.o", source: "arch/x86/boot/reloc.c", command: [] }] };

test("isEmbedded() follows includes from embedded sources, and only those", () => {
  const found = Object.keys(files).filter((path) => isEmbedded(path, listing, tree));
  assert.deepEqual(
    found,
    Object.keys(files).filter((path) => path !== "include/xen/defs.h"),
  );
  assert.equal(isEmbedded("include/xen/inner.h", { embedded: [] }, tree), false);
});
