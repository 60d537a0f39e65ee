// The policy of this machine: what it demands of whatever is uploaded through xSplice. Whoever can write to
// the file could take the demand away, so its owner and mode are looked at, as ssh does for its own files. One
// that cannot be read, or says what is not understood, demands more than anything can give: nothing is ignored.

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  type Stats,
} from "node:fs";
import * as v from "valibot";
import { whyNotOurs, whyReplaceable } from "../../files/own-folder.ts";
import { type Described, decodeJson } from "../../json/decode-json.ts";
import { codeOfSystemError, systemStateOf } from "../../system-state.ts";
import { DepotError } from "../errors.ts";

/** Of this machine; it counts whatever else is said. */
export const POLICY_PATH = "/etc/xsplice/policy.json";
const SIZE_MAX = 65_536;

const fingerprint = v.pipe(
  v.string(),
  v.transform((text) => text.replaceAll(/[\s:]/g, "").toLowerCase()),
  v.regex(/^[0-9a-f]{64}$/),
);

// A key that is not known here may be a demand, so none is passed over.
const policySchema = v.strictObject({
  format: v.literal(1),
  uploads: v.strictObject({
    signedBy: v.strictObject({
      /** Fingerprints of roots of one depot, from one of which this machine's trust has to have begun. */
      roots: v.pipe(v.array(fingerprint), v.minLength(1)),
      /** Each is a role of the depot, with keys and a threshold of its own. */
      channels: v.pipe(v.array(v.pipe(v.string(), v.minLength(1))), v.minLength(1)),
    }),
  }),
});

export interface Policy extends Described<typeof policySchema> {
  readonly path: string;
}

/**
 * @param presence whether there has to be one
 * @returns `undefined` when there is none
 * @throws DepotError depot/bad-policy
 */
export function readPolicy(path: string, presence: "expected" | "optional"): Policy | undefined {
  const text = textOf(path, presence);
  if (text === undefined) return undefined;
  const decoded = decodeJson(text, policySchema);
  if (decoded.kind === "problem") throw badPolicy(path, decoded.problem);
  return { path, ...decoded.value };
}

function textOf(path: string, presence: "expected" | "optional"): string | undefined {
  let descriptor: number;
  try {
    // A pipe in its place must not make anybody wait.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if (presence === "optional" && isNothing(path, cause)) return undefined;
    throw badPolicy(path, systemStateOf(cause), cause);
  }
  try {
    // What is judged is what is read, whatever lies at that path by now.
    const status = fstatSync(descriptor);
    const trouble = whyUnfit(path, status);
    if (trouble !== undefined) throw badPolicy(path, trouble);
    return readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
}

function whyUnfit(path: string, status: Stats): string | undefined {
  if (!status.isFile()) return "it is no file";
  if (status.size > SIZE_MAX) return `it has ${status.size} bytes, ${SIZE_MAX} are the most`;
  return whyNotOurs(status) ?? whyReplaceable(path);
}

/** A link that leads nowhere is somebody's policy all the same. */
function isNothing(path: string, cause: unknown): boolean {
  if (codeOfSystemError(cause) !== "ENOENT") return false;
  return lstatSync(path, { throwIfNoEntry: false }) === undefined;
}

function badPolicy(path: string, state: string, cause?: unknown): DepotError {
  return new DepotError(
    {
      code: "depot/bad-policy",
      problem: `Cannot upload anything: the policy of this machine cannot be followed: ${state}`,
      where: path,
      expected:
        'a file that only root and this user can write to, with {"format":1,"uploads":{"signedBy":{"roots":[…],"channels":[…]}}}',
      remedy: "have whoever keeps this machine mend it; a policy that is broken is not ignored",
    },
    { cause },
  );
}
