// The decoder library, iced-x86: WebAssembly that takes some 50 ms to load, so it is loaded on first
// use. Its objects are outside of the garbage collector: the code that creates one frees it.

import { createRequire } from "node:module";

export type Iced = typeof import("iced-x86");

const load = createRequire(import.meta.url);

export function iced(): Iced {
  return load("iced-x86");
}
