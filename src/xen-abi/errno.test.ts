import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import { Errno, findErrnoName, meaningOfErrno, nameOfErrno, textOfErrno } from "./errno.ts";

test("Errno has the numbers of Linux, as the ABI reference says", () => {
  const linux: Readonly<Record<string, number>> = constants.errno;
  for (const [name, number] of Object.entries(Errno)) assert.equal(number, linux[name], name);
});

test("findErrnoName() finds every name by its number", () => {
  for (const [name, number] of Object.entries(Errno)) assert.equal(findErrnoName(number), name);
});

test("nameOfErrno(), textOfErrno() and meaningOfErrno() print unknown numbers too", () => {
  assert.equal(nameOfErrno(16), "EBUSY (16)");
  assert.equal(nameOfErrno(200), "error 200");
  assert.equal(textOfErrno(2), "No such file or directory");
  assert.equal(textOfErrno(200), "Unknown error 200");
  assert.match(meaningOfErrno(17), /build-id/);
  assert.match(meaningOfErrno(200), /number without a name/);
});
