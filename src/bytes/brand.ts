// Numbers that mean different things have different types, at no cost at run time.

declare const brand: unique symbol;

/** A `Value` that cannot be mixed up with another `Value`, such as an offset with an index. */
export type Branded<Value, Name extends string> = Value & { readonly [brand]: Name };
