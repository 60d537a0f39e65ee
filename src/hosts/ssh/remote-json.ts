// Decodes the output of `xsplice --json` on another machine, which may be another version.

import * as v from "valibot";
import { HostError, type HostErrorCode } from "../../host/errors.ts";
import { type Described, decodeJson } from "../../json/decode-json.ts";
import { count, maybe } from "../../json/fields.ts";
import { architectureOf } from "../host-facts.ts";

/** Start of an output that is not ours, for messages. */
const EXCERPT_LENGTH = 200;

const settled = v.picklist(["checked", "applied"]);

const statusSchema = v.variant("kind", [
  v.object({ kind: v.literal("checked") }),
  v.object({ kind: v.literal("applied") }),
  v.object({ kind: v.literal("busy"), settled }),
  v.object({ kind: v.literal("failed"), settled, errno: count }),
]);

/** Of `xsplice info`. */
export const infoSchema = v.object({
  version: v.object({ major: count, minor: count, extra: v.string() }),
  buildId: maybe(v.string()),
  compiler: maybe(v.string()),
  compiledAt: maybe(v.string()),
  architecture: v.pipe(maybe(v.string()), v.transform(architectureOf)),
  bootId: maybe(v.string()),
});

/** Of `xsplice list`. */
export const listSchema = v.object({
  payloads: v.array(
    v.object({
      name: v.string(),
      status: statusSchema,
      metadata: maybe(v.array(v.string())),
    }),
  ),
});

/** Of `xsplice apply` and its like. */
export const outcomeSchema = v.object({
  action: v.picklist(["apply", "revert", "replace", "unload"]),
  name: v.string(),
  result: v.picklist(["done", "unnecessary"]),
  retries: count,
  elapsedMs: v.number(),
  status: maybe(statusSchema),
  reverted: v.array(v.string()),
});

/** Of `xsplice upload`, which has no result. */
export const uploadedSchema = v.object({});

const anyFailureSchema = v.object({ error: v.unknown() });

/** Of any command that failed. */
const failureSchema = v.object({
  error: v.object({
    code: v.string(),
    problem: v.string(),
    where: v.exactOptional(v.string()),
    expected: v.exactOptional(v.string()),
    remedy: v.exactOptional(v.string()),
    errno: v.exactOptional(v.number()),
    /** Older versions do not report it. */
    unexpectedCode: maybe(
      v.object({ place: v.string(), expected: v.string(), actual: v.string() }),
    ),
  }),
});

/**
 * @param source what answered, for messages
 * @throws HostError host/unsupported when it is none of ours, and the error that it reports when
 *   it is one
 */
export function decodeRemote<Of extends v.GenericSchema>(
  text: string,
  schema: Of,
  source: string,
): Described<Of> {
  // An error that cannot be decoded is still an error, even if the answer does not matter otherwise.
  if (decodeJson(text, anyFailureSchema).kind === "value") {
    throw errorOf(requireDecoded(text, failureSchema, source));
  }
  return requireDecoded(text, schema, source);
}

function requireDecoded<Of extends v.GenericSchema>(
  text: string,
  schema: Of,
  source: string,
): Described<Of> {
  const decoded = decodeJson(text, schema);
  if (decoded.kind === "value") return decoded.value;
  throw new HostError({
    code: "host/unsupported",
    problem: `Cannot understand what ${source} answered: ${decoded.problem}`,
    ...(text.trim() === "" ? {} : { where: text.slice(0, EXCERPT_LENGTH) }),
    expected: "the JSON that this version of xsplice prints",
    remedy: "install the same version of xsplice there, or remove it: the stock tools are enough",
  });
}

function errorOf({ error }: Described<typeof failureSchema>): HostError {
  const { code, errno, unexpectedCode, ...facts } = error;
  const isOurs = code.startsWith("host/");
  return new HostError(
    { code: isOurs ? (code as HostErrorCode) : "host/refused", ...facts },
    { ...(errno === undefined ? {} : { errno }), unexpectedCode },
  );
}
