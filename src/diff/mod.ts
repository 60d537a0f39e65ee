// Compares two objects that were compiled from one file, without a patch and with it: what changed,
// why, what must be carried, and what no payload can carry. What the sections of an object are for is said
// by a policy: xenSectionPolicy() has Xen's, examples/linux/ one for Linux.

export type { Atom, AtomKind, FieldRelocation, Reference, Target } from "./atom.ts";
export { type CarriedObject, type CarriedReplacement, carryChanges } from "./carry/carry.ts";
export type { NameInXen } from "./carry/name-in-xen.ts";
export type { ComparisonOptions, DiffOptions } from "./comparison.ts";
export type { FindHomes, IsTextKept, VariableHome } from "./correlate/homes.ts";
export { diffObjects, type ObjectDiff, type ReplacedFunction } from "./diff-objects.ts";
export { DiffError, type DiffErrorCode } from "./errors.ts";
export type { CarriedAs } from "./include.ts";
export type {
  Disposition,
  LedgerEntry,
  NoEffectRule,
  Refusal,
  RefusalRule,
} from "./ledger.ts";
export type { ConstantUse, IsSameLine } from "./line-rule.ts";
export { type ListedInstruction, listInstructions } from "./listing.ts";
export type {
  SectionPolicy,
  SectionRole,
  SectionRule,
  TableField,
  TableLayout,
  UnsafeFunction,
  VariableRule,
} from "./policy.ts";
export { xenSectionPolicy } from "./xen-policy.ts";
