import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import { createTwoFilesPatch } from "diff";
import { buildTest } from "../../test/why-no-build.ts";
import { parsePayload } from "../payload/parse.ts";
import type { Payload } from "../payload/payload.ts";
import { linkHypervisor, makeSmallBuild } from "./build.test.support.ts";
import { type BuildOptions, type BuiltFix, buildFix } from "./build.ts";
import { type Foundation, readPayloadBelow } from "./payload-below.ts";

const cleanups: (() => void)[] = [];
after(() => {
  for (const cleanUp of cleanups) cleanUp();
});

const file = "xen/common/start.c";
const other = "static int other(int n) { return n + 7; }\n";
const start = `int start(void);\n${other}int start(void) { return other(3); }\n`;
/** Brings a variable, a static function, and a global one. */
const first = `int start(void);
int helper(int n);
${other}static int bump(void) { static int count; return ++count; }
int helper(int n) { return n * 3 + bump() + 1000; }
int start(void) { return other(3) + helper(5); }
`;
/** Changes both of what runs in Xen and what the first fix brought, and uses its variable. */
const second = first
  .replace("int helper(int n) { return n * 3", "int helper(int n) { return n * 4")
  .replace("other(3) +", "other(4) +");
/** Numbers the compiler's static variables anew, in front of the first fix's. */
const third = second.replace(
  "static int bump(void)",
  "static int twice(void) { static int count; return count += 2; }\nstatic int bump(void)",
).replace("other(4)", "twice() + other(4)");

const xenSyms = linkHypervisor({ [file]: start });
const small = makeSmallBuild({ after: (work) => cleanups.push(work) }, xenSyms);
writeFileSync(join(small.source, file), start);

function patchFrom(old: string, text: string, name = "fix.patch") {
  const bytes = Buffer.from(createTwoFilesPatch(`a/${file}`, `b/${file}`, old, text));
  return { name, bytes };
}

/** One fix on payloads, the lowest first. */
async function build(
  [old, text]: readonly [string, string],
  below: readonly BuiltFix[],
  more: Partial<BuildOptions> = {},
): Promise<BuiltFix> {
  return buildFix(
    small.options(
      {},
      { patches: [patchFrom(old, text)], foundation: foundationOf(below), ...more },
    ),
  );
}

function foundationOf(below: readonly BuiltFix[]): Foundation {
  const payloads = below.map(({ payload }, index) => {
    assert.ok(payload);
    return readPayloadBelow(payload.bytes, `p${index + 1}`);
  });
  return { payloads, buildId: undefined };
}

function parsed({ payload, refusals }: BuiltFix): Payload {
  assert.deepEqual(refusals, []);
  assert.ok(payload);
  return parsePayload(payload.bytes, "payload");
}

function replaced({ functions }: Payload): readonly string[] {
  return functions.flatMap((entry) => {
    const { kind, oldAddress } = entry;
    return kind === "replace" && oldAddress.kind === "symbol" ? [oldAddress.symbol] : [];
  });
}

function exported({ symbolMap = [] }: Payload, name: RegExp): string {
  const [found, ...more] = symbolMap.filter(
    ({ sourceName, kind }) => name.test(sourceName) && kind !== "replacement",
  );
  assert.ok(found && more.length === 0, `${name} in ${JSON.stringify(symbolMap)}`);
  return found.exportedName;
}

buildTest("buildFix() binds what a payload below brought, and replaces it where it lies", async () => {
  const one = await build([start, first], []);
  const two = parsed(await build([first, second], [one]));
  assert.equal(two.depends, parsed(one).buildId);
  const helper = exported(parsed(one), /^helper$/);
  assert.deepEqual(replaced(two), [helper, "start"]);
  assert.deepEqual(
    two.symbolMap?.filter(({ kind }) => kind === "data" || kind === "function"),
    [],
  );
  // Of the new helper, which goes on with the same variable.
  assert.ok(two.needs.includes(exported(parsed(one), /#bump$/)), two.needs.join());
});
