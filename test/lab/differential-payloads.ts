// The good payloads that the differential test mutates and plays with, for one hypervisor. They
// patch only what does not run by itself: texts that dom0 asks for, and debug keys.

import type { HookKind } from "../../src/xen-abi/hooks.ts";
import type { StockFunction, StockRecipe } from "../stock-payload.ts";
import { build, type TestPayload } from "./contract-payloads.ts";
import type { XenImage } from "./xen-image.ts";

/** Functions that nobody calls while a test runs; spelled as Xen's table does. */
export const idleFunctions = [
  "xen_extra_version",
  "xen_changeset",
  "xen_compile_date",
  "xen_compile_time",
  "xen_compiler",
  "xen_deny",
  "common/keyhandler.c#dump_domains",
] as const;
export type IdleFunction = (typeof idleFunctions)[number];

export interface ScriptPayload extends TestPayload {
  readonly name: string;
  /** What its hooks return; `undefined` when it has none that return something. */
  readonly hookResult?: number;
}

export function bareName(name: string): string {
  return name.slice(name.indexOf("#") + 1);
}

/** Each shows another side of a payload; all stand on the hypervisor alone. */
export function mutationBases(xen: XenImage): readonly ScriptPayload[] {
  const plain = recipe(xen, "m1", ["xen_extra_version"]);
  const several = recipe(xen, "m2", ["xen_changeset", "common/keyhandler.c#dump_domains"], {
    metadata: ["why=test", "x="],
  });
  const guarded: StockRecipe = {
    ...several,
    functions: [
      ...several.functions.map((entry) => ({ ...entry, oldAddress: "by-symbol" }) as const),
      guardOf(xen, "xen_compiler"),
      { ...blankOf(xen, "xen_deny"), by: { nopBytes: 7 } },
    ],
  };
  return [
    named("plain", plain),
    named("several", guarded),
    named(
      "data",
      withCode(plain, "int m3_data = 7; int m3_zeros[40]; const char m3_text[] = {1};"),
    ),
    named("hooks", {
      ...withCode(plain, "void m4_load(void) {} int m4_pre(void *p) { (void)p; return 0; }"),
      hooks: { load: ["m4_load"], unload: ["m4_load", "m4_load"], preapply: ["m4_pre"] },
    }),
  ];
}

/** For random sequences: they depend on, contradict and veto each other. */
export function scriptPayloads(xen: XenImage): readonly ScriptPayload[] {
  const low = named("low", recipe(xen, "s1", ["xen_extra_version", "xen_changeset"]));
  const mid = named("mid", recipe(xen, "s2", ["xen_extra_version"], { depends: low.buildId }));
  const top = named("top", {
    ...recipe(xen, "s3", ["xen_compiler"], { depends: mid.buildId }),
    hooks: { unload: ["s3_xen_compiler"] },
  });
  const other = recipe(xen, "s4", ["xen_extra_version", "xen_deny"]);
  return [
    ...[low, mid, top],
    named("other", other),
    named("data", withCode(recipe(xen, "s5", ["xen_compile_date"]), "int s5_data = 7;")),
    named("guarded", { ...recipe(xen, "s6", []), functions: [guardOf(xen, "xen_extra_version")] }),
    named("nops", { ...recipe(xen, "s7", []), functions: [blankOf(xen, "xen_compile_time")] }),
    veto(xen, "veto-apply", "s8", "preapply", -84),
    veto(xen, "veto-revert", "s9", "prerevert", -5),
    named("user", {
      ...withCode(
        recipe(xen, "sa", ["xen_changeset"]),
        "extern int s1_shared; int *sa_reach(void) { return &s1_shared; }",
      ),
    }),
    { ...low, name: "low twice" },
  ];
}

export function recipe(
  xen: XenImage,
  tag: string,
  functions: readonly IdleFunction[],
  changes: Partial<StockRecipe> = {},
): StockRecipe {
  const bodies = functions.map((name) => `${tag}_${bareName(name)}`);
  const code = bodies.map((body) => `const char *${body}(void) { return "${tag}"; }`);
  return {
    code: [`const int ${tag}_shared = 1;`, ...code].join("\n"),
    functions: functions.map((name, index) => ({
      name,
      oldSize: xen.functionNamed(bareName(name)).size,
      by: { symbol: bodies[index] ?? "" },
    })),
    xenBuildId: xen.buildId,
    ...changes,
  };
}

export function withCode(base: StockRecipe, code: string): StockRecipe {
  return { ...base, code: `${base.code}\n${code}` };
}

export function named(name: string, stock: StockRecipe): ScriptPayload {
  return { name, ...build(stock) };
}

/** A check of the first bytes as the file has them. */
function guardOf(xen: XenImage, name: IdleFunction): StockFunction {
  const { bytes, size } = xen.functionNamed(bareName(name));
  const start = Buffer.from(bytes).toString("hex").startsWith("f30f1efa") ? 4 : 0;
  if (start > 0) return { ...blankOf(xen, name), by: { nopBytes: 4 } };
  const expectation = Buffer.from(bytes.subarray(0, 8)).toString("hex");
  return { name, oldSize: size, by: "guard", expectation };
}

export function blankOf(xen: XenImage, name: IdleFunction): StockFunction {
  return { name, oldSize: xen.functionNamed(bareName(name)).size, by: { nopBytes: 11 } };
}

function veto(
  xen: XenImage,
  name: string,
  tag: string,
  kind: HookKind,
  hookResult: number,
): ScriptPayload {
  const hook = `${tag}_hook`;
  const base = recipe(xen, tag, ["xen_compile_date"]);
  const code = `int ${hook}(void *payload) { (void)payload; return ${hookResult}; }`;
  return { ...named(name, { ...withCode(base, code), hooks: { [kind]: [hook] } }), hookResult };
}
