// Explains "-22": if Xen refused a payload because its own code is not what the payload expects, the
// place is shown as instructions, with the payload that most likely changed it.

import { HostError } from "../../host/errors.ts";
import type { ActOptions, LivepatchHost } from "../../host/host.ts";
import type { Payload } from "../../payload/payload.ts";

/**
 * The same error with the explanation, or `error` itself when it is another one.
 * @param payload if its file was given: shows where instructions begin
 */
export async function explainUnexpectedCode(
  error: unknown,
  host: LivepatchHost,
  options: ActOptions,
  payload?: Payload,
): Promise<unknown> {
  if (!(error instanceof HostError) || error.unexpectedCode === undefined) return error;
  const { describeDifference, differenceOf, expectedFunctionsOf } = await import(
    "../../probe/mod.ts"
  );
  const { unexpectedCode, report } = error;
  const facts = await lookAround(host, options);
  if (facts === undefined) return error;
  const functions = expectedFunctionsOf(payload);
  const difference = differenceOf(unexpectedCode, { ...facts, functions });
  if (difference === undefined) return error;
  const expected = describeDifference(difference, facts.architecture).join("\n");
  const remedy = remedyFor(difference.suspects.map((suspect) => suspect.payload)) ?? report.remedy;
  const errno = error.errno === undefined ? {} : { errno: error.errno };
  return new HostError(
    { ...report, expected, ...(remedy === undefined ? {} : { remedy }) },
    { cause: error, unexpectedCode, ...errno },
  );
}

/** The user must see the refusal, even if the host reports nothing more. */
async function lookAround(host: LivepatchHost, options: ActOptions) {
  try {
    const { findReplacedBy } = await import("../replaced-by.ts");
    const [{ architecture }, loaded] = await Promise.all([host.info(options), host.list(options)]);
    return { architecture, loaded, replacedBy: await findReplacedBy(host, [], options) };
  } catch (error) {
    if (error instanceof HostError) return undefined;
    throw error;
  }
}

function remedyFor(suspects: readonly string[]): string | undefined {
  if (suspects.length === 0) return undefined;
  const names = suspects.map((name) => `"${name}"`).join(" or ");
  return `revert ${names} first, or build this payload on top of it`;
}
