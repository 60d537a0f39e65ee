import assert from "node:assert/strict";
import { test } from "node:test";
import { HostError } from "../../host/errors.ts";
import {
  decodeRemote,
  infoSchema,
  listSchema,
  outcomeSchema,
  uploadedSchema,
} from "./remote-json.ts";

const info = { version: { major: 4, minor: 17, extra: ".5" }, architecture: "x86_64" };

test("decodeRemote() reads what the command line prints", () => {
  const list = {
    payloads: [{ name: "fix", status: { kind: "failed", settled: "checked", errno: 16 } }],
  };
  assert.deepEqual(decodeRemote(JSON.stringify(list), listSchema, "test"), {
    payloads: [
      {
        name: "fix",
        status: { kind: "failed", settled: "checked", errno: 16 },
        metadata: undefined,
      },
    ],
  });
  assert.deepEqual(decodeRemote(JSON.stringify(info), infoSchema, "test"), {
    ...info,
    buildId: undefined,
    compiler: undefined,
    compiledAt: undefined,
    bootId: undefined,
  });
  const unknown = JSON.stringify({ ...info, architecture: "riscv64" });
  assert.equal(decodeRemote(unknown, infoSchema, "test").architecture, undefined);
});

test("decodeRemote() throws the error that is reported there", () => {
  const unexpectedCode = { place: "f+31", expected: "488d", actual: "e9db" };
  const told = { code: "host/wrong-state", problem: "Cannot apply", errno: 22, unexpectedCode };
  const read = (error: object) => () =>
    decodeRemote(JSON.stringify({ error }), listSchema, "xsplice there");
  assert.throws(read(told), (error) => {
    assert.ok(error instanceof HostError);
    assert.deepEqual(error.report, { code: "host/wrong-state", problem: "Cannot apply" });
    assert.equal(error.errno, 22);
    assert.deepEqual(error.unexpectedCode, unexpectedCode);
    return true;
  });
  // Of a layer that we cannot know.
  assert.throws(read({ code: "plan/in-use", problem: "Cannot unload" }), (error) => {
    return error instanceof HostError && error.report.code === "host/refused";
  });
});

test("decodeRemote() refuses whatever else comes, and says what it is", () => {
  const texts = ["", "bash: xsplice: not found", "[]", "7", '{"payloads":[7]}', "{}"];
  for (const text of [...texts, '{"error":{"code":7}}']) {
    assert.throws(
      () => decodeRemote(text, listSchema, "xsplice there"),
      (error) => {
        assert.ok(error instanceof HostError, text);
        assert.equal(error.report.code, "host/unsupported");
        assert.equal(error.report.where ?? "", text);
        return true;
      },
    );
  }
  assert.throws(
    () => decodeRemote('{"payloads":[{"name":7}]}', listSchema, "xsplice there"),
    /Cannot understand what xsplice there answered: payloads\[0\]\.name is 7/,
  );
});

test("decodeRemote() takes no result that it does not know for success", () => {
  const outcome = { action: "apply", name: "fix", retries: 0, elapsedMs: 3, reverted: [] };
  const read = (result: string) =>
    decodeRemote(JSON.stringify({ ...outcome, result }), outcomeSchema, "test");
  assert.equal(read("done").result, "done");
  assert.throws(() => read("scheduled"), HostError);
});

test("decodeRemote() takes no error for success that it cannot read", () => {
  assert.deepEqual(decodeRemote("{}", uploadedSchema, "test"), {});
  const told = { code: "host/refused", problem: "Cannot upload" };
  for (const error of [7, null, {}, { ...told, errno: "EEXIST" }, { ...told, where: ["a.c"] }]) {
    const read = () => decodeRemote(JSON.stringify({ error }), uploadedSchema, "test");
    assert.throws(read, (thrown) => {
      return thrown instanceof HostError && thrown.report.code === "host/unsupported";
    });
  }
});
