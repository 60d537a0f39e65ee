import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { XspliceError } from "../../error.ts";
import { readPolicy } from "./policy-file.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-policy-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "policy.json");
const root = "3f".repeat(32);
const good = { format: 1, uploads: { signedBy: { roots: [root], channels: ["stable"] } } };

function refuses(words: RegExp, presence: "expected" | "optional" = "optional"): void {
  assert.throws(
    () => readPolicy(path, presence),
    (error) =>
      error instanceof XspliceError &&
      error.report.code === "depot/bad-policy" &&
      words.test(error.report.problem),
  );
}

test("readPolicy() reads a policy, fingerprints as people write them", () => {
  const spelled = root.toUpperCase().replaceAll(/.{8}/g, "$& ");
  const written = { ...good, uploads: { signedBy: { roots: [spelled], channels: ["stable"] } } };
  writeFileSync(path, JSON.stringify(written));
  assert.deepEqual(readPolicy(path, "optional"), { path, ...good });
});

test("readPolicy() takes a missing file for no policy, unless it was named", () => {
  rmSync(path, { force: true });
  assert.equal(readPolicy(path, "optional"), undefined);
  refuses(/./, "expected");
  symlinkSync(join(folder, "nowhere"), path);
  refuses(/./);
  rmSync(path);
});

test("readPolicy() ignores none that is broken: no JSON, a demand that is not known, no demand, a wrong fingerprint", () => {
  const { signedBy } = good.uploads;
  for (const text of [
    "",
    "{",
    "[]",
    JSON.stringify({ ...good, format: 2 }),
    JSON.stringify({ format: 1 }),
    JSON.stringify({ ...good, downloads: {} }),
    JSON.stringify({ ...good, uploads: { signedBy: { ...signedBy, threshold: 3 } } }),
    JSON.stringify({ ...good, uploads: { signedBy: { ...signedBy, channels: [] } } }),
    JSON.stringify({ ...good, uploads: { signedBy: { ...signedBy, roots: ["3f"] } } }),
    " ".repeat(100_000),
  ]) {
    writeFileSync(path, text);
    refuses(/the policy of this machine cannot be followed: /);
  }
  rmSync(path);
  mkdirSync(path);
  refuses(/it is no file/);
  rmSync(path, { recursive: true });
});

test("readPolicy() refuses one that others may write to, or put another one in its place, as ssh does", (t) => {
  const place = join(folder, "place");
  mkdirSync(place);
  const inPlace = join(place, "policy.json");
  writeFileSync(inPlace, JSON.stringify(good));
  chmodSync(inPlace, 0o666);
  assert.throws(() => readPolicy(inPlace, "optional"), /other users may write to it \(mode 666\)/);
  chmodSync(inPlace, 0o644);
  chmodSync(place, 0o777);
  assert.throws(() => readPolicy(inPlace, "optional"), /other users may write to ".*place" above/);
  chmodSync(place, 0o755);
  assert.ok(readPolicy(inPlace, "optional"));
  if (userInfo().uid !== 0) {
    t.diagnostic("another owner: only root can give a file away");
    return;
  }
  chownSync(inPlace, 12_345, 12_345);
  assert.throws(() => readPolicy(inPlace, "optional"), /it belongs to another user/);
});
