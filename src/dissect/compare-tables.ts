// The descriptions of two payloads: function tables, guards, hooks, dependencies, metadata, imports.

import { hexNumber, toHex } from "../bytes/hex.ts";
import { withoutTag } from "../payload/emit/tag.ts";
import { BUILD_ID_KEY, MARKER_KEY } from "../payload/metadata-keys.ts";
import type {
  OldAddress,
  PayloadContents,
  PayloadFunction,
  ReplaceEntry,
} from "../payload/payload.ts";
import { hookKinds } from "../xen-abi/hooks.ts";
import { FUNCS_SECTION } from "../xen-abi/sections.ts";

/** A fact about both sides, or one of them, as text. */
export interface FactDifference {
  /** `depends`, `metadata title`, `guard f+0x1f`, `preapply hook`, `needs printk` */
  readonly what: string;
  /** Undefined if that side lacks it; empty if there is no further detail. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** All but functions that are replaced (compareEntries). Build-ids differ with anything else. */
export function compareFacts(
  before: PayloadContents,
  after: PayloadContents,
): readonly FactDifference[] {
  const [left, right] = [factsOf(before), factsOf(after)];
  const names = new Set([...left.keys(), ...right.keys()]);
  return [...names].flatMap((what) => {
    const [one, other] = [left.get(what), right.get(what)];
    return one === other ? [] : { what, before: one, after: other };
  });
}

/** Names for later payloads to use; they follow from code and data where those differ. */
export function compareExports(
  before: PayloadContents,
  after: PayloadContents,
): readonly FactDifference[] {
  const namesOf = ({ exports }: PayloadContents) =>
    new Set(exports.map(({ name }) => withoutTag(name)));
  const [left, right] = [namesOf(before), namesOf(after)];
  const gone = [...left].filter((name) => !right.has(name));
  const come = [...right].filter((name) => !left.has(name));
  return [
    ...gone.map((name) => ({ what: `brings ${name}`, before: "", after: undefined })),
    ...come.map((name) => ({ what: `brings ${name}`, before: undefined, after: "" })),
  ];
}

function factsOf(contents: PayloadContents): ReadonlyMap<string, string> {
  const facts = new Map<string, string>();
  const put = (what: string, value: string | undefined): void => {
    if (value !== undefined) facts.set(what, value);
  };
  put("architecture", contents.architecture);
  put("version", contents.version?.toString());
  put("depends", contents.depends);
  put("made for", contents.xenDepends);
  for (const text of contents.metadata) {
    const [key = "", ...value] = text.split("=");
    // Both follow from the rest of the payload.
    if (key !== BUILD_ID_KEY && key !== MARKER_KEY) put(`metadata ${key}`, value.join("="));
  }
  for (const kind of hookKinds) {
    const ofKind = contents.hooks.filter((hook) => hook.kind === kind);
    if (ofKind.length > 0) {
      put(`${kind} hook`, ofKind.map(({ target }) => addressText(target)).join(", "));
    }
  }
  for (const entry of contents.functions) {
    if (entry.kind !== "replace") put(...tableFact(entry));
  }
  for (const name of contents.needs) put(`needs ${withoutTag(name)}`, "");
  const funcs = contents.sections.find(({ name }) => name === FUNCS_SECTION);
  put("function table", funcs?.loaded);
  return facts;
}

/** What is checked or blanked at a place; its own marker follows from the rest of the payload. */
function tableFact(entry: Exclude<PayloadFunction, ReplaceEntry>): readonly [string, string] {
  const name = withoutTag(entry.name ?? "(no name)");
  const place = entry.oldAddress.kind === "own" ? "of its own" : addressText(entry.oldAddress);
  const what = entry.kind === "nop" ? `blanks ${entry.newSize} bytes at` : "guard";
  const expected = entry.expectation === undefined ? "anything" : toHex(entry.expectation);
  return [`${what} ${name} ${place}`.trim(), `${expected} (${entry.oldSize} bytes)`];
}

/** Why one replaced function's entries differ, its code left out; empty when they do not. */
export function compareEntries(before: ReplaceEntry, after: ReplaceEntry): readonly string[] {
  const reasons: string[] = [];
  if (before.oldSize !== after.oldSize) {
    reasons.push(`the old function has ${before.oldSize} → ${after.oldSize} bytes`);
  }
  const [left, right] = [addressText(before.oldAddress), addressText(after.oldAddress)];
  if (left !== right)
    reasons.push(`its old address is ${left || "by name"} → ${right || "by name"}`);
  const [was, is] = [before, after].map(({ expectation }) =>
    toHex(expectation ?? new Uint8Array()),
  );
  if (was !== is) reasons.push(`its start must read ${was || "anything"} → ${is || "anything"}`);
  return reasons;
}

function addressText(address: OldAddress): string {
  switch (address.kind) {
    case "name":
      return "";
    case "address":
      return hexNumber(address.address);
    case "symbol":
      return `${withoutTag(address.symbol)}${address.addend === 0n ? "" : `+${address.addend}`}`;
    case "own":
      return withoutTag(address.symbol ?? `${address.section}+${hexNumber(address.offset)}`);
  }
}
