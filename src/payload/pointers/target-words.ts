// What the target of a pointer is called: by its name, or for a text by its words.

import type { DraftSection } from "../../elf/draft.ts";
import { withoutTag } from "../emit/tag.ts";
import type { PayloadCode, Place } from "./code.ts";

type OwnPlace = Place & { readonly kind: "own" };

export interface TargetWords {
  /** Of the function or object, without its tag; data may have none. */
  readonly name: string | undefined;
  /** For a sentence. */
  readonly what: string;
}

export function wordsOfTarget(target: OwnPlace, payload: PayloadCode): TargetWords {
  const symbol = payload.symbolAt(target);
  const name = symbol && withoutTag(symbol.name);
  if (name !== undefined) return { name, what: `"${name}"` };
  const text = textAt(target.section, target.offset);
  return {
    name,
    what: text === undefined ? `data in "${target.section.name}"` : `the text "${text}"`,
  };
}

/**
 * Who holds a lock: Xen's locks of memory management keep the name of the function that took them last,
 * or "nobody" (mm-locks.h), and print it on the way to a panic that is due anyway. Each fix there brings
 * such texts, and no hook could take them back.
 */
export function isLockHolder(target: OwnPlace, payload: PayloadCode): boolean {
  const symbol = payload.symbolAt(target);
  if (symbol !== undefined) return /^__(func|FUNCTION)__\.\d+$/.test(withoutTag(symbol.name));
  return textAt(target.section, target.offset) === "nobody";
}

const TEXT_SIZE_MAX = 60;

function textAt({ content }: DraftSection, offset: number): string | undefined {
  if (!(content instanceof Uint8Array)) return undefined;
  const end = content.indexOf(0, offset);
  if (end <= offset) return undefined;
  const text = Buffer.from(content.subarray(offset, end)).toString("latin1");
  if (!/^[\t\n -~]+$/.test(text)) return undefined;
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= TEXT_SIZE_MAX ? line : `${line.slice(0, TEXT_SIZE_MAX)}…`;
}
