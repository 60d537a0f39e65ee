// Fields that several schemas have.

import * as v from "valibot";

/** May be left out, and is `undefined` then: the key is always there, as JSON cannot have it. */
export function maybe<Of extends v.GenericSchema>(schema: Of) {
  return v.optional(schema, () => undefined);
}

/** How many there are of something. */
export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
