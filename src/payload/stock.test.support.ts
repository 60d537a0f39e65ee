// Payloads of stock tools that the tests of this folder share; each is made once in a process.

import { makeStockPayload, type StockRecipe } from "../../test/stock-payload.ts";

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
