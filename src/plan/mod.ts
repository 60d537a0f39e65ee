// Which payload may sit on which, what a host runs, and the way from there to what it should run.

export { type AddressOf, type CodeRange, findCommonRange, noAddresses } from "./code-range.ts";
export {
  factsOfMetadata,
  factsOfPayload,
  type PayloadFacts,
  unknownFacts,
} from "./facts.ts";
