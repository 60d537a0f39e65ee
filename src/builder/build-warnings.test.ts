import assert from "node:assert/strict";
import { buildTest } from "../../test/why-no-build.ts";
import { linkHypervisor, makeSmallBuild } from "./build.test.support.ts";
import { buildFix } from "./build.ts";
import { reportOf } from "./report.ts";
import { smallXen } from "./small-xen.test.support.ts";

const file = "xen/common/kernel.c";
const kernel = smallXen[file] ?? "";

buildTest("buildFix() warns of a pointer to a function without ENDBR64", async (t) => {
  const marked = [".globl marked", ".type marked, @function", "marked: endbr64", "ret"];
  const lines = [...marked, ".size marked, . - marked", ""].join("\\n");
  const start = `${smallXen["xen/common/start.c"]}__asm__("${lines}");\n`;
  const bytes = linkHypervisor({ "xen/common/start.c": start });
  const small = makeSmallBuild(t, bytes);
  const hidden = '__attribute__((visibility("hidden")))';
  const declared = ["start", "marked"].map((name) => `extern ${hidden} int ${name}(void);\n`);
  const pointers = "{ int (*volatile one)(void) = start, (*volatile two)(void) = marked; ";
  const options = small.options({
    [file]: kernel
      .replace("int kernel", `${declared.join("")}int kernel`)
      .replace("{ return wide()", `${pointers}return one() + two()`),
  });
  const fix = await buildFix(options);
  assert.equal(fix.outcome, "built");
  const { warnings } = reportOf(fix, options, "fix.livepatch");
  assert.match(warnings, /^warning: .*address of "start", which does not start with ENDBR64.*\n$/);
});
