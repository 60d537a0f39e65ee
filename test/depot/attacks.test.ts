// Each attack against a host that runs the first payload while the second is on its way: it is refused with
// its reason, the host is as it was, and an honest mirror brings it on afterwards.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AttackScene } from "./attack-scene.ts";
import { attacks } from "./attacks.ts";
import { errorOf } from "./depot-under-test.ts";
import { truth } from "./evil-server.ts";
import { tally } from "./tally.ts";

for (const { name, code, says, lie } of attacks) {
  test(`update refuses ${name}, leaves the host as it was, and goes on with an honest mirror`, async () => {
    const scene = await AttackScene.begin("--count", "stable=2", "--threshold", "stable=2");
    const { own, mirror } = scene;
    try {
      mirror.lie = await lie(scene);
      const before = own.applied;
      const refused = await own.try(["update", "--json"]);
      const error = errorOf(refused);
      assert.equal(error.code, code, refused.stdout);
      assert.match(error.problem, says);
      assert.equal(refused.exitCode, 1);
      assert.deepEqual(own.applied, before);
      mirror.lie = truth;
      await own.run("update");
      assert.deepEqual(own.applied, ["first", "free"]);
      tally({ attacks: 1, refused: 1 });
    } finally {
      await scene.end();
    }
  });
}
