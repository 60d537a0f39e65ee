// Payloads for the tests of hosts, made by stock tools: small, each for one thing that can happen.
// Their symbols bear the name of the payload, since all symbols of a hypervisor have to differ.

import { toHex } from "../../src/bytes/hex.ts";
import { openElf } from "../../src/elf/open.ts";
import { makeStockPayload, type StockRecipe } from "../stock-payload.ts";
import { requireBuildId, type XenImage } from "./xen-image.ts";

/** A payload's bytes and what others need to know to stand on it. */
export interface TestPayload {
  readonly bytes: Uint8Array;
  readonly buildId: string;
}

const made = new Map<string, TestPayload>();

/** The same recipe is built once. */
export function build(recipe: StockRecipe): TestPayload {
  const key = JSON.stringify(recipe);
  const known = made.get(key);
  if (known !== undefined) return known;
  const bytes = makeStockPayload(recipe);
  const payload = { bytes, buildId: requireBuildId(openElf(bytes, "test payload")) };
  made.set(key, payload);
  return payload;
}

/** Makes the hypervisor's extra version read `text`, which every kind of host shows. */
export function extraVersion(
  xen: XenImage,
  text: string,
  changes: Partial<StockRecipe> & { readonly expectation?: string } = {},
): StockRecipe {
  const symbol = `test_extra_${toHex(Buffer.from(text))}`;
  const { expectation, ...rest } = changes;
  const { size } = xen.functionNamed("xen_extra_version");
  return {
    code: `const char *${symbol}(void) { return "${text}"; }`,
    functions: [
      {
        name: "xen_extra_version",
        oldSize: size,
        by: { symbol },
        ...(expectation === undefined ? {} : { expectation }),
      },
    ],
    xenBuildId: xen.buildId,
    ...rest,
  };
}

/** Adds C code to a recipe. */
export function withCode(recipe: StockRecipe, code: string): StockRecipe {
  return { ...recipe, code: `${recipe.code}\n${code}` };
}

/** Prints `text` when it is applied, with all CPUs stopped. */
export function withLoadHook(recipe: StockRecipe, symbol: string, text: string): StockRecipe {
  const code = `int printk(const char *format, ...);
void ${symbol}(void) { printk("<0>${text}\\n"); }`;
  return { ...withCode(recipe, code), hooks: { load: [symbol] } };
}

/** Refuses to be applied, with a number of its own. */
export function withVeto(recipe: StockRecipe, symbol: string, result: number): StockRecipe {
  const code = `int ${symbol}(void *payload) { (void)payload; return ${result}; }`;
  return { ...withCode(recipe, code), hooks: { preapply: [symbol] } };
}

/** With writable data, so that Xen applies it only once. */
export function withData(recipe: StockRecipe, symbol: string): StockRecipe {
  return withCode(recipe, `int ${symbol} = 7;`);
}

/** Close to the largest file that Xen takes. */
export function withBulk(recipe: StockRecipe, symbol: string, bytes: number): StockRecipe {
  return withCode(recipe, `const char ${symbol}[${bytes}] = { 1 };`);
}
