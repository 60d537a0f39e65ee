// Private keys at rest: Ed25519 seeds, encrypted with AES-256-GCM under a key that scrypt makes from a
// passphrase. One directory has one salt, so that a command waits for scrypt once. What stands in clear
// text (whose key it is) is authenticated as well.

import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  scryptSync,
  sign,
} from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { writeWhole } from "../../files/write-whole.ts";
import { type Described, decodeJson } from "../../json/decode-json.ts";
import { systemStateOf } from "../../system-state.ts";
import { DepotError } from "../errors.ts";
import { keyIdOf, type Signer } from "./signer.ts";

/** 32 MiB and three rounds: as strong as N = 2^17 with one, by OWASP's table, with a quarter of the memory. */
const SCRYPT = { N: 1 << 15, r: 8, p: 3 };
const SCRYPT_MEMORY_MAX = 512 * 1024 * 1024;
const KEY_BYTES = 32;
const ENDING = ".key.json";

const hex = v.pipe(v.string(), v.regex(/^([0-9a-f]{2})+$/));
const scryptNumber = (max: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(max));
const keySchema = v.object({
  format: v.literal(1),
  role: v.string(),
  public: v.pipe(hex, v.length(2 * KEY_BYTES)),
  /** Bounded: a file of somebody else's must not take all memory. */
  scrypt: v.object({
    salt: hex,
    N: scryptNumber(1 << 20),
    r: scryptNumber(32),
    p: scryptNumber(16),
  }),
  nonce: hex,
  seed: hex,
  tag: hex,
});

type KeyFile = Described<typeof keySchema>;

/** Makes `roles.length` keys in a directory that only this user can read. */
export function makeKeys(
  folder: string,
  roles: readonly string[],
  passphrase: string,
): readonly { readonly role: string; readonly publicKey: string }[] {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const [known] = readKeyFiles(folder);
  // One passphrase for all keys of a directory: a mistyped one would lock the new ones away.
  if (known !== undefined) openKey(known, folder, passphrase);
  const salt = known?.scrypt.salt ?? randomBytes(16).toString("hex");
  return roles.map((role) => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const [open, seed] = [rawPublic(publicKey), rawSeed(privateKey)];
    const head = { format: 1, role, public: open, scrypt: { salt, ...SCRYPT } } as const;
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", wrappingKey(passphrase, head.scrypt), nonce);
    cipher.setAAD(Buffer.from(JSON.stringify(head)));
    const sealed = Buffer.concat([cipher.update(seed), cipher.final()]).toString("hex");
    const file: KeyFile = {
      ...head,
      nonce: nonce.toString("hex"),
      seed: sealed,
      tag: cipher.getAuthTag().toString("hex"),
    };
    const name = `${role}-${keyIdOf(open).slice(0, 8)}${ENDING}`;
    writeWhole(join(folder, name), `${JSON.stringify(file, undefined, 1)}\n`, { mode: 0o600 });
    return { role, publicKey: open };
  });
}

/** @returns signers of those keys of a directory whose ids are asked for */
export function openKeys(
  folder: string,
  keyIds: ReadonlySet<string>,
  passphrase: () => string,
): readonly Signer[] {
  return readKeyFiles(folder)
    .filter((file) => keyIds.has(keyIdOf(file.public)))
    .map((file) => openKey(file, folder, passphrase()));
}

function readKeyFiles(folder: string): readonly KeyFile[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(ENDING));
  } catch (cause) {
    throw keyError(`Cannot read the keys in "${folder}": ${systemStateOf(cause)}`, folder);
  }
  return names.sort().map((name) => {
    const path = join(folder, name);
    const decoded = decodeJson(readFileSync(path, "utf8"), keySchema);
    if (decoded.kind === "value") return decoded.value;
    throw keyError(`Cannot read a key: ${decoded.problem}`, path);
  });
}

function openKey(file: KeyFile, folder: string, passphrase: string): Signer {
  const { nonce, seed, tag, ...head } = file;
  let raw: Buffer;
  try {
    const key = wrappingKey(passphrase, head.scrypt);
    const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "hex"));
    decipher.setAAD(Buffer.from(JSON.stringify(head)));
    decipher.setAuthTag(Buffer.from(tag, "hex"));
    raw = Buffer.concat([decipher.update(Buffer.from(seed, "hex")), decipher.final()]);
  } catch {
    throw keyError(
      `Cannot open the key of ${file.role}: the passphrase is wrong, or the file was changed`,
      join(folder, `${file.role}-${keyIdOf(file.public).slice(0, 8)}${ENDING}`),
    );
  }
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), raw]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  if (rawPublic(createPublicKey(privateKey)) !== file.public) {
    throw keyError(`Cannot use the key of ${file.role}: its halves do not belong together`, folder);
  }
  return {
    keyId: keyIdOf(file.public),
    publicKey: file.public,
    sign: (bytes) => sign(undefined, bytes, privateKey).toString("hex"),
  };
}

/** scrypt is slow on purpose: once for each passphrase and salt of a process. */
const derived = new Map<string, Buffer>();

function wrappingKey(passphrase: string, scrypt: KeyFile["scrypt"]): Buffer {
  const known = JSON.stringify([passphrase, scrypt]);
  const { salt, ...cost } = scrypt;
  const made =
    derived.get(known) ??
    scryptSync(passphrase.normalize("NFC"), Buffer.from(salt, "hex"), KEY_BYTES, {
      ...cost,
      maxmem: SCRYPT_MEMORY_MAX,
    });
  derived.set(known, made);
  return made;
}

function rawPublic(key: KeyObject): string {
  return key.export({ format: "der", type: "spki" }).subarray(-KEY_BYTES).toString("hex");
}

function rawSeed(key: KeyObject): Buffer {
  return key.export({ format: "der", type: "pkcs8" }).subarray(-KEY_BYTES);
}

function keyError(problem: string, where: string): DepotError {
  return new DepotError({
    code: "depot/key",
    problem,
    where,
    expected: "a directory that depot init or rotate has made, and its passphrase",
  });
}
