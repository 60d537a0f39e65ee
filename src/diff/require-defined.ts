// For look-ups that cannot fail: what was put there a moment ago, or an index within its bounds.

import { invariant } from "../invariant.ts";

export function requireDefined<Value>(value: Value | undefined): Value {
  invariant(value !== undefined, "a value that was to be there is missing");
  return value;
}
