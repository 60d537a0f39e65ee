// A key that xSplice never sees: a command of the vendor's, for a token or an agent. `COMMAND public` prints
// the public key, `COMMAND sign` reads what is to be signed and prints the signature; both in hex.

import { spawnSync } from "node:child_process";
import { createPublicKey, verify } from "node:crypto";
import { stateOfProgram } from "../../system-state.ts";
import { DepotError } from "../errors.ts";
import { keyIdOf, type Signer } from "./signer.ts";

/** A person may have to touch a token. */
const SIGN_MS = 120_000;

/** @throws DepotError depot/key */
export function commandSigner(command: string): Signer {
  const publicKey = run(command, "public", new Uint8Array(), 64);
  const key = createPublicKey({
    key: Buffer.concat([
      Buffer.from("302a300506032b6570032100", "hex"),
      Buffer.from(publicKey, "hex"),
    ]),
    format: "der",
    type: "spki",
  });
  return {
    keyId: keyIdOf(publicKey),
    publicKey,
    sign: (bytes) => {
      const signature = run(command, "sign", bytes, 128);
      if (verify(undefined, bytes, key, Buffer.from(signature, "hex"))) return signature;
      throw signerError(command, "what it signed does not fit its public key");
    },
  };
}

function run(command: string, verb: string, input: Uint8Array, digits: number): string {
  const words = ["-c", `${command} "$@"`, "xsplice", verb];
  const { error, status, stdout, stderr } = spawnSync("sh", words, { input, timeout: SIGN_MS });
  if (error !== undefined) throw signerError(command, stateOfProgram(error));
  const said = stdout.toString().trim().toLowerCase();
  if (status !== 0) throw signerError(command, `it ended with ${status}`, stderr.toString().trim());
  if (new RegExp(`^[0-9a-f]{${digits}}$`).test(said)) return said;
  throw signerError(command, `"${verb}" printed something else than ${digits} hex digits`);
}

function signerError(command: string, state: string, said = ""): DepotError {
  return new DepotError({
    code: "depot/key",
    problem: `Cannot sign with "${command}": ${state}`,
    ...(said === "" ? {} : { where: said.slice(-2000) }),
    expected:
      '"COMMAND public" prints an Ed25519 public key (64 hex digits), "COMMAND sign" reads bytes and prints their signature (128)',
  });
}
