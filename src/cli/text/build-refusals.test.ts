import assert from "node:assert/strict";
import { test } from "node:test";
import type { BuildRefusal } from "../../build-outcome/refusal.ts";
import { countOfRefusals, renderRefusals } from "./build-refusals.ts";

const grown: BuildRefusal = {
  rule: "layout",
  what: "struct domain",
  where: "common/domain.o and 229 more objects",
  reasons: ['"m" is new (offset 4, int)', "guests share it"],
  consequences: ["its size is 8 → 12 bytes", '"b" is at offset 4, int → offset 8, int'],
  remedy: "keep the layout",
};

const following = (count: number): readonly BuildRefusal[] =>
  Array.from({ length: count }, (_, index) => ({
    rule: "init-code",
    what: `function "f${index}"`,
    where: `common/f${index}.o`,
    reasons: ["it already ran"],
    causes: [{ rule: "layout", what: "struct domain" }],
    remedy: "add a hook",
  }));

test("renderRefusals() shows the cause in full, and what follows from it in a line each", () => {
  assert.equal(
    renderRefusals([grown, ...following(2)]).join("\n"),
    `struct domain (layout)
  because:  "m" is new (offset 4, int)
            guests share it
  so:       its size is 8 → 12 bytes
            "b" is at offset 4, int → offset 8, int
  where:    common/domain.o and 229 more objects
  so, too:  function "f0" (init-code), common/f0.o
            function "f1" (init-code), common/f1.o
  remedy:   keep the layout
`,
  );
});

test("renderRefusals() counts what follows beyond the first few", () => {
  const [text = ""] = renderRefusals([grown, ...following(20)]);
  assert.match(text, / {12}function "f4" .*\n {12}and 15 more\n/);
  assert.doesNotMatch(text, /"f5"/);
});

test("renderRefusals() names the other causes of what has several", () => {
  const [one] = following(1);
  assert.ok(one !== undefined);
  const causes = [grown, { rule: "layout", what: "struct vcpu" }];
  const [text = ""] = renderRefusals([grown, { ...one, causes }]);
  assert.match(text, /so, too: .*common\/f0\.o, also because of struct vcpu\n/);
});

test("countOfRefusals() counts causes, and what follows from them, apart", () => {
  assert.equal(countOfRefusals([grown]), "1 reason");
  assert.equal(
    countOfRefusals([grown, ...following(1)]),
    "1 reason, and 1 more that follows from it",
  );
  assert.equal(
    countOfRefusals([grown, ...following(20), grown]),
    "2 reasons, and 20 more that follow from them",
  );
});
