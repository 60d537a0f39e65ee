// Who signs: keys in files, keys of commands, several who have to agree, keys that come and go.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { DepotUnderTest, errorOf } from "./depot-under-test.ts";

const made: DepotUnderTest[] = [];
after(() => {
  for (const one of made) one.remove();
});

function newDepot(): DepotUnderTest {
  const own = new DepotUnderTest();
  made.push(own);
  return own;
}

test("depot init keeps keys that only their owner may read, and no passphrase opens them but theirs", async () => {
  const own = newDepot();
  await own.begin();
  for (const name of readdirSync(own.keys)) {
    assert.equal(statSync(join(own.keys, name)).mode & 0o777, 0o600);
  }
  const publish = ["depot", "publish", own.depot, "--keys", own.keys, "--json"];
  const wrong = await own.try(publish, { env: { XSPLICE_PASSPHRASE: "wrong" } });
  assert.equal(errorOf(wrong).code, "depot/key");
  assert.match(errorOf(wrong).problem, /the passphrase is wrong, or the file was changed/);
  const rotate = ["depot", "rotate", own.depot, "edge", "--keys", own.keys, "--json"];
  const other = await own.try(rotate, { env: { XSPLICE_PASSPHRASE: "another" } });
  assert.equal(errorOf(other).code, "depot/key", "one passphrase for a directory");
  const secret = join(own.folder, "secret");
  writeFileSync(secret, "correct horse\n");
  await own.run(...publish, "--passphrase-file", secret);
  const second = await own.try([
    "depot",
    "init",
    own.depot,
    "--channel",
    "x",
    "--keys",
    own.keys,
    "--json",
  ]);
  assert.match(errorOf(second).problem, /there is one already/);
});

test("depot publish refuses a key file of which a single byte was changed", async () => {
  const own = newDepot();
  await own.begin();
  const [name = ""] = readdirSync(own.keys);
  const path = join(own.keys, name);
  const key = JSON.parse(readFileSync(path, "utf8"));
  const changes = {
    role: "targets",
    seed: `${key.seed.slice(0, -2)}${key.seed.endsWith("00") ? "01" : "00"}`,
    tag: `00${key.tag.slice(2)}`,
    nonce: `${key.nonce.slice(0, -2)}${key.nonce.endsWith("00") ? "01" : "00"}`,
    scrypt: { ...key.scrypt, N: 1 << 30 },
  };
  for (const [field, value] of Object.entries(changes)) {
    writeFileSync(path, JSON.stringify({ ...key, [field]: value }));
    const run = await own.try(["depot", "publish", own.depot, "--keys", own.keys, "--json"]);
    assert.equal(errorOf(run).code, "depot/key", field);
  }
});

test("depot publish waits until enough have signed, and hosts see nothing before", async () => {
  const own = newDepot();
  const theirs = join(own.folder, "theirs");
  await own.begin();
  await own.publish();
  // The builder's own key, made on the builder's own machine.
  const builder = newDepot();
  await builder.run("depot", "init", builder.depot, "--channel", "stable", "--keys", theirs);
  const file = readdirSync(theirs).find((name) => name.startsWith("stable-")) ?? "";
  const { public: hex } = JSON.parse(readFileSync(join(theirs, file), "utf8"));
  const rotate = ["depot", "rotate", own.depot, "stable", "--keys", own.keys];
  await own.run(...rotate, "--public-key", hex, "--threshold", "2");
  await own.add(own.make("first", { functions: ["alpha"] }), "stable");
  const timestamp = () => readFileSync(join(own.depot, "metadata/timestamp.json"), "utf8");
  const before = timestamp();
  const waiting = await own.try(["depot", "publish", own.depot, "--keys", own.keys]);
  assert.equal(waiting.exitCode, 2);
  assert.match(waiting.stdout, /stable: 1 of 2; who can sign as well: /);
  assert.equal(timestamp(), before);
  // All others have signed already: the builder needs no key but its own, and the one for the timestamp signs last.
  const theirSide = ["depot", "publish", own.depot, "--keys", theirs];
  const signed = await own.try(theirSide);
  assert.equal(signed.exitCode, 2, "snapshot and timestamp are not the builder's");
  await own.publish();
  assert.notEqual(timestamp(), before);
  await own.trust();
  await own.run("update");
  assert.deepEqual(own.applied, ["first"]);
});

test("depot publish signs with a command that never shows its key, and believes no wrong signature", async () => {
  const own = newDepot();
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const hex = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("hex");
  const pem = join(own.folder, "token.pem");
  writeFileSync(pem, privateKey.export({ format: "pem", type: "pkcs8" }));
  const token = join(own.folder, "token");
  const script = (input: string) => `#!/usr/bin/env node
const { sign, createPrivateKey } = require("node:crypto");
const { readFileSync } = require("node:fs");
if (process.argv[2] === "public") console.log("${hex}");
else console.log(sign(undefined, ${input}, createPrivateKey(readFileSync("${pem}"))).toString("hex"));
`;
  const publish = ["depot", "publish", own.depot, "--keys", own.keys, "--signer", token, "--json"];
  await own.begin("--count", "stable=0", "--public-key", `stable=${hex}`);
  await own.add(own.make("first", { functions: ["alpha"] }), "stable");
  writeFileSync(token, script('Buffer.from("something else")'));
  chmodSync(token, 0o755);
  const wrong = await own.try(publish);
  assert.match(errorOf(wrong).problem, /what it signed does not fit its public key/);
  writeFileSync(token, script("readFileSync(0)"));
  await own.run(...publish);
  await own.trust();
  await own.run("update");
  assert.deepEqual(own.applied, ["first"]);
  const gone = await own.try([...publish.slice(0, -2), join(own.folder, "none"), "--json"]);
  assert.match(errorOf(gone).problem, /Cannot sign with .*: it ended with 127/);
});

test("depot rotate exchanges the root, and a host that slept through it comes along", async () => {
  const own = newDepot();
  await own.begin();
  await own.add(own.make("first", { functions: ["alpha"] }), "stable");
  await own.publish();
  await own.trust();
  for (const role of ["root", "stable", "targets", "root"]) {
    await own.run("depot", "rotate", own.depot, role, "--keys", own.keys);
    await own.publish();
  }
  assert.ok(readdirSync(join(own.depot, "metadata")).includes("4.root.json"));
  await own.run("update");
  assert.deepEqual(own.applied, ["first"]);
  const lost = await own.try([
    "depot",
    "rotate",
    own.depot,
    "edge",
    "--revoke",
    "abcdef",
    "--keys",
    own.keys,
    "--json",
  ]);
  assert.match(errorOf(lost).problem, /Cannot find the key "abcdef" in the role edge/);
});
