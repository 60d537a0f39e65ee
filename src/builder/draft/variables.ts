// Variables that have another initial value: hooks that set it, where it is still the old one, and set it
// back.

import { type Atom, roleOf } from "../../diff/atom.ts";
import { byteArray, comment, identifier, ofXen } from "./c-text.ts";
import { type DraftPart, TODO } from "./part.ts";

export interface ChangedVariable {
  readonly before: Atom;
  readonly after: Atom;
  /** As Xen's table spells it. */
  readonly name: string;
}

/** @param count tells it from others of the draft */
export function draftVariable(
  { before, after, name }: ChangedVariable,
  count: number,
): Omit<DraftPart, "of"> | undefined {
  const [old, fixed] = [bytesOf(before), bytesOf(after)];
  if (old.length !== fixed.length) return undefined;
  const key = `${identifier(before.name)}_${count}`;
  const about = `Variable ${name}, ${old.length} byte${old.length === 1 ? "" : "s"}: in use since the hypervisor booted.`;
  const obstacle = obstacleOf(before, after);
  if (obstacle !== undefined) {
    const text = `${comment(about, obstacle)}
#error "set ${before.name} in the hook below, and remove this line"
${hook(`set_${key}`, "LOAD", "")}`;
    return { headers: [], text, state: "edit" };
  }
  const ranges = differences(old, fixed);
  const tables = ranges.map(
    ({ at, from, to }, index) => `/* From byte ${at} on. */
static const unsigned char old_${key}_${index}[] = ${byteArray(from)};
static const unsigned char new_${key}_${index}[] = ${byteArray(to)};
`,
  );
  const copy = (is: "old" | "new", becomes: "old" | "new") =>
    ranges
      .map(({ at, from }, index) => {
        const place = `xsplice_${key} + ${at}, ${is}_${key}_${index}, ${from.length}`;
        return `    if ( !memcmp(${place}) )
        memcpy(xsplice_${key} + ${at}, ${becomes}_${key}_${index}, ${from.length});
    else
        printk(XENLOG_WARNING "xsplice: ${name}, bytes ${at} to ${at + from.length - 1}, was set meanwhile, and stays\\n");
`;
      })
      .join("");
  const text = `${comment(about, "What somebody has set since then stays, here and when the payload is reverted; Xen's console says so.", `${TODO} Is that right, or must the new value be set in any case?`)}
extern unsigned char xsplice_${key}[${old.length}] ${ofXen(name)};
${tables.join("")}
${hook(`set_${key}`, "LOAD", copy("old", "new"))}
${hook(`unset_${key}`, "UNLOAD", copy("new", "old"))}`;
  return { headers: ["xen/string.h"], text, state: "complete" };
}

/** Why copying bytes would not do. */
function obstacleOf(before: Atom, after: Atom): string | undefined {
  if (after.references.length > 0 || before.references.length > 0) {
    return "It holds addresses, whose values are known on the host only.";
  }
  if ([roleOf(before), roleOf(after)].includes("boot-written")) {
    return "It can only be read since the hypervisor booted: a hook that writes to it faults, and the host dies.";
  }
  return undefined;
}

/** What lies in .bss begins as zero. */
function bytesOf({ bytes, size }: Atom): Uint8Array {
  return bytes ?? new Uint8Array(size);
}

interface Difference {
  readonly at: number;
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/** By whole words, since a value is more than the byte of it that differs. */
function differences(old: Uint8Array, fixed: Uint8Array): readonly Difference[] {
  const found: Difference[] = [];
  for (let at = 0; at < old.length; at += 8) {
    const [from, to] = [old.subarray(at, at + 8), fixed.subarray(at, at + 8)];
    if (Buffer.compare(from, to) !== 0) found.push({ at, from, to });
  }
  return found;
}

function hook(name: string, kind: "LOAD" | "UNLOAD", body: string): string {
  return `static void cf_check ${name}(void)
{
${body}}
XSPLICE_HOOK_${kind}(${name})
`;
}
