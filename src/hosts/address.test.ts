import assert from "node:assert/strict";
import { test } from "node:test";
import { HostError } from "../host/errors.ts";
import { parseAddress } from "./address.ts";

test("parseAddress() knows every kind of host", () => {
  assert.deepEqual(parseAddress("local"), { kind: "local" });
  assert.deepEqual(parseAddress("lab"), { kind: "lab", name: undefined });
  assert.deepEqual(parseAddress("lab:trial"), { kind: "lab", name: "trial" });
  assert.deepEqual(parseAddress("ssh:root@dom0"), {
    kind: "ssh",
    destination: "root@dom0",
    becomeRoot: "unneeded",
  });
  assert.deepEqual(parseAddress("ssh+sudo:admin@dom0"), {
    kind: "ssh",
    destination: "admin@dom0",
    becomeRoot: "sudo",
  });
  assert.deepEqual(parseAddress("ssh+sudo://admin@dom0:2222"), {
    kind: "ssh",
    destination: "ssh://admin@dom0:2222",
    becomeRoot: "sudo",
  });
  assert.deepEqual(parseAddress("ssh://root@dom0:2222"), {
    kind: "ssh",
    destination: "ssh://root@dom0:2222",
    becomeRoot: "unneeded",
  });
});

test("parseAddress() refuses the rest and says what there is", () => {
  for (const text of ["", "lab:", "ssh:", "ssh", "here", "local:1", "model:xen-syms"]) {
    assert.throws(
      () => parseAddress(text),
      (error: unknown) =>
        error instanceof HostError &&
        error.report.code === "host/bad-argument" &&
        error.report.expected === "local, lab, lab:NAME, ssh:USER@HOST or ssh+sudo:USER@HOST",
      text,
    );
  }
});
