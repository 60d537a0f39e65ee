import assert from "node:assert/strict";
import { test } from "node:test";
import { warnOfOrder } from "./calling-order.ts";

const hook = (kind: "load" | "unload", name: string, source: string) => ({ kind, name, source });

test("warnOfOrder() tells the order of hooks that stand in several files", () => {
  const [told, ...more] = warnOfOrder([
    hook("load", "first", "common/a.o"),
    hook("load", "second", "hooks.c"),
    hook("unload", "undo", "hooks.c"),
  ]);
  assert.match(told ?? "", /the load hooks .*: "first" of common\/a\.o, "second" of hooks\.c;/);
  assert.deepEqual(more, []);
});

test("warnOfOrder() has nothing to say where the order is known, or does not matter", () => {
  const shadow = hook("load", "xsplice_shadow_join_x", "common/b.o");
  const oneFile = [hook("load", "a", "hooks.c"), hook("load", "b", "hooks.c")];
  const repeated = [hook("load", "a", "common/a.o"), hook("load", "a", "common/b.o")];
  for (const hooks of [[shadow, ...oneFile], repeated]) assert.deepEqual(warnOfOrder(hooks), []);
});
