// Payloads of stock tools that the tests of this folder share, each made once in a process, and damage
// to one of them with what inspectPayload() must find of it. Not a test.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeStockPayload, type StockRecipe } from "../../test/stock-payload.ts";
import type { DraftSection, ElfDraft } from "../elf/draft.ts";
import { draftFrom } from "../elf/draft-from.ts";
import { readElf } from "../elf/read.ts";
import { writeElf } from "../elf/write.ts";
import { inspectPayload } from "./inspect.ts";

export const XEN_ID = "aa".repeat(20);
export const BASE_ID = "bb".repeat(20);

const recipe: StockRecipe = {
  code: `
    int printk(const char *format, ...);
    extern int xen_verbosity;
    int stock_counter = 7;
    const char *stock_extra(void) { return "-stock"; }
    int stock_level(int by) { return stock_counter += by + xen_verbosity; }
    void stock_loaded(void) { printk("loaded"); }
    int stock_may_apply(void *payload) { return stock_level(1) > 1000; }
  `,
  functions: [
    {
      name: "common/livepatch.c#get_name",
      oldAddress: "by-symbol",
      oldSize: 31,
      by: "guard",
      expectation: "415441554154",
    },
    { name: "xen_extra_version", oldSize: 12, by: { symbol: "stock_extra" } },
    { name: "do_nothing", oldSize: 40, by: { nopBytes: 5 }, expectation: "e8" },
  ],
  xenBuildId: XEN_ID,
  depends: BASE_ID,
  hooks: { load: ["stock_loaded", "stock_loaded"], preapply: ["stock_may_apply"] },
  metadata: ["author=me", "note="],
};

let made: Uint8Array | undefined;

/** With an entry of each kind, hooks, metadata and symbols of all sorts. */
export function stockPayload(): Uint8Array {
  made ??= makeStockPayload(recipe);
  return made.slice();
}

/** The same with something else in it. */
export function stockPayloadWith(change: Partial<StockRecipe>): Uint8Array {
  return makeStockPayload({ ...recipe, ...change });
}

const SOURCE = "fix.livepatch";

export function stockDraft(): ElfDraft {
  return draftFrom(readElf(stockPayload(), SOURCE));
}

export interface Damage {
  readonly what: string;
  /** Edits the draft of the stock payload. */
  readonly edit: (draft: ElfDraft, section: (name: string) => DraftSection) => void;
  readonly expected: readonly (readonly [code: string, text: string])[];
}

export const contentOf = (section: DraftSection): Uint8Array => {
  assert.ok(section.content instanceof Uint8Array);
  return section.content;
};

export function setByte(section: DraftSection, offset: number, byte: number): void {
  section.content = contentOf(section).with(offset, byte);
}

/** One test for each damage. */
export function checkDamages(damages: readonly Damage[]): void {
  for (const { what, edit, expected } of damages) {
    test(`inspectPayload() finds: ${what}`, () => {
      const draft = stockDraft();
      edit(draft, (name) => {
        const section = draft.sections.find((candidate) => candidate.name === name);
        assert.ok(section, name);
        return section;
      });
      const { findings } = inspectPayload(writeElf(draft), SOURCE);
      for (const [code, text] of expected) {
        const found = findings.find(
          ({ report }) => report.code === code && report.problem.includes(text),
        );
        assert.ok(found, `no ${code} "${text}" in ${JSON.stringify(findings)}`);
      }
    });
  }
}
