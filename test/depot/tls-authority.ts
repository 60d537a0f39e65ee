// An authority of the test's own, and certificates by it for this machine, made by openssl. Not a test.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export class Authority {
  readonly #folder: string;
  /** For NODE_EXTRA_CA_CERTS. */
  readonly file: string;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.file = join(folder, `${name}.pem`);
    const key = join(folder, `${name}.key`);
    const words = ["req", "-x509", ...NEW_KEY, "-keyout", key, "-out", this.file];
    openssl(...words, "-subj", `/CN=${name}`, "-days", "2");
  }

  /** @param days until it expires; less than nothing for one that has expired */
  certify(address: string, days: number): Certificate {
    const at = (ending: string): string => join(this.#folder, `server.${ending}`);
    openssl("req", ...NEW_KEY, "-keyout", at("key"), "-out", at("csr"), "-subj", "/CN=depot");
    writeFileSync(at("ext"), `subjectAltName=IP:${address}\n`);
    const by = ["-CA", this.file, "-CAkey", this.file.replace(/pem$/, "key")];
    const words = ["x509", "-req", "-in", at("csr"), ...by, "-extfile", at("ext")];
    openssl(...words, "-days", String(days), "-out", at("pem"));
    return { key: readFileSync(at("key"), "utf8"), cert: readFileSync(at("pem"), "utf8") };
  }
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

function openssl(...words: readonly string[]): void {
  const { status, stderr, error } = spawnSync("openssl", words, { encoding: "utf8" });
  assert.equal(status, 0, error?.message ?? stderr);
}
