import assert from "node:assert/strict";
import { buildTest } from "../../test/why-no-build.ts";
import { BuildError } from "../build-outcome/build-error.ts";
import { findMakeTools } from "./tools.ts";

buildTest(
  "findMakeTools() refuses a compiler with options, or that is not there, and names --cc",
  async () => {
    for (const compiler of ["gcc -O1", "no-such-compiler", "/no/such/gcc"]) {
      await assert.rejects(findMakeTools({ architecture: "x86_64", compiler }), (error) => {
        assert.ok(error instanceof BuildError);
        assert.equal(error.report.code, "build/no-build-tools");
        assert.ok(error.report.problem.includes(`"${compiler}"`));
        assert.match(error.report.remedy ?? "", /--cc/);
        return true;
      });
    }
  },
);
