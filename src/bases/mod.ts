// Hypervisors by one word: source, symbols, configuration and image of one build, found, fetched and
// compared.

export type { Base, BaseNeed, OpenBaseOptions } from "./base.ts";
export { BaseError } from "./errors.ts";
export { openBase } from "./open-base.ts";
