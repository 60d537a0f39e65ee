import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HostError } from "../../host/errors.ts";
import { nameOfErrno, textOfErrno } from "../../xen-abi/errno.ts";
import { parseStockList, stockErrno } from "./stock-output.ts";

const header = ` ID                                     | status     | metadata
----------------------------------------+------------+---------------
`;
const oldHeader = ` ID                                     | status
----------------------------------------+------------
`;

test("parseStockList() reads the table of 4.14 and later", () => {
  const text = `${header}fix-1                                   | APPLIED    | version=2;source=xsa-1
with a blank | and a bar                | CHECKED (16, Device or resource busy)    | 
`;
  assert.deepEqual(parseStockList(text, "test"), [
    { name: "fix-1", status: { kind: "applied" }, metadata: ["version=2", "source=xsa-1"] },
    {
      name: "with a blank | and a bar",
      status: { kind: "failed", settled: "checked", errno: 16 },
      metadata: [],
    },
  ]);
});

test("parseStockList() reads the table without metadata of earlier releases", () => {
  const text = `${oldHeader}fix                                     | CHECKED (11, Resource temporarily unavailable)\n`;
  assert.deepEqual(parseStockList(text, "test"), [
    { name: "fix", status: { kind: "busy", settled: "checked" }, metadata: undefined },
  ]);
});

test("parseStockList() knows an empty list in both forms", () => {
  assert.deepEqual(parseStockList("Nothing to list\n", "test"), []);
  assert.deepEqual(parseStockList(oldHeader, "test"), []);
});

test("parseStockList() keeps line breaks that metadata has", () => {
  const text = `${header}fix                                     | CHECKED    | note=one\ntwo;b=2\n`;
  assert.deepEqual(parseStockList(text, "test")[0]?.metadata, ["note=one\ntwo", "b=2"]);
});

test("parseStockList() refuses what is no table", () => {
  assert.throws(() => parseStockList("bash: command not found\n", "test"), HostError);
});

test("parseStockList() reads back every name that fits a line, whatever its length", () => {
  const name = fc
    .string({ minLength: 1, maxLength: 127 })
    .filter((text) => !/[\r\n\0]|^ | $|\| (CHECKED|APPLIED)/.test(text));
  fc.assert(
    fc.property(name, fc.integer({ min: 1, max: 110 }), (id, errno) => {
      const line = `${id.padEnd(40)}| APPLIED (${errno}, ${textOfErrno(errno)})    | a=b`;
      const [payload] = parseStockList(`${header}${line}\n`, "test");
      assert.equal(payload?.name, id.trimEnd(), nameOfErrno(errno));
    }),
  );
});

test("stockErrno() reads each way in which the tool fails", () => {
  const failed = (stderr: string, exitCode = 1) =>
    stockErrno({ stdout: "Applying fix... failed\n", stderr, exitCode }, "test");
  assert.equal(failed("Error 22: Invalid argument\n"), 22);
  assert.equal(failed("Failed to get status of fix.\nError 2: No such file or directory\n"), 2);
  assert.equal(failed("Operation didn't complete.\n", 2), 0);
  assert.equal(failed("Cannot execute apply.\nOperation already in progress.\n", 2), 16);
  assert.equal(failed("fix failed with 22(Invalid argument)\n"), 22);
  assert.equal(stockErrno({ stdout: "completed\n", stderr: "", exitCode: 0 }, "test"), 0);
});

test("stockErrno() does not take the exit code 0 of a tool without rights for a success", () => {
  const output = { stdout: "", stderr: "failed to get the handler\n", exitCode: 0 };
  assert.throws(() => stockErrno(output, "test"), /has no way to it/);
});
