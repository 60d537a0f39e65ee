// What may be given to be written as a schema says; decode-json.ts has what is read.

import type * as v from "valibot";

/** Not to be changed by whoever writes it. */
export type Given<Of extends v.GenericSchema> = Frozen<v.InferInput<Of>>;

type Frozen<Value> = Value extends Date
  ? Value
  : Value extends object
    ? { readonly [Key in keyof Value]: Frozen<Value[Key]> }
    : Value;
