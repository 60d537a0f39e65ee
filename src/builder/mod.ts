// From hand-written C to a payload.

export {
  type CompiledPayload,
  type CompileOptions,
  compilePayload,
  type ReplacedFunction,
} from "./compile.ts";
export { BuilderError, type BuilderErrorCode } from "./errors.ts";
export type { NamePair } from "./match-functions.ts";
export type { PayloadBelow } from "./payload-below.ts";
export { writeFileAtomically } from "./write-file.ts";
export { readXenSyms, type XenSymbol, type XenSyms } from "./xen-syms.ts";
