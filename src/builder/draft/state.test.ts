import assert from "node:assert/strict";
import { test } from "node:test";
import { draftBringUp } from "./init.ts";
import { draftShadow } from "./state.ts";

function shadowNameFor(...members: readonly string[]): string {
  const declared = members.map((name) => {
    return { name, type: ["int ", ""] as const, headers: [], inWords: undefined };
  });
  const text =
    draftShadow({ type: "struct domain", members: declared, others: [] }, "xen/sched.h")?.text ??
    "";
  return /^XSPLICE_SHADOW\((.*)\)$/m.exec(text)?.[1] ?? "";
}

test("draftShadow() has another name for other members, also where names get long", () => {
  assert.equal(shadowNameFor("uses"), "domain_uses");
  const long = "x".repeat(60);
  const [one, other] = [shadowNameFor(long, "uses"), shadowNameFor(long, "limit")];
  assert.notEqual(one, other);
  for (const name of [one, other]) assert.equal(name.length, 63);
});

test("draftBringUp() does not compile before somebody says what is to be set", () => {
  const part = draftBringUp(["init_amd", "init_intel"]);
  assert.equal(part?.state, "edit");
  assert.equal(part?.text.match(/^#error /gm)?.length, 2);
});
