// What is freed after boot, in the object that refers to it: the new code may do what the old one did.

import { checkDiffs, f, fileAround, noinline, twoFlavours } from "./diff.test.support.ts";

const section = (name: string) => `__attribute__((section("${name}")))`;
const setup = `${section(".init.text")} ${noinline} void setup(int x) { g = x; }`;
const flag = `int ${section(".init.data")} flag = 3; struct { int a, b; } pair ${section(".init.data")} = { 1 };`;
const withF = (body: string, more = ""): string =>
  fileAround(`${setup} ${flag} ${f(`${body} return outside(x);`)} ${more}`);

const refused = { outcome: "refused", refused: [`init-reference function "f"`] } as const;

checkDiffs(
  [
    {
      name: "takes a call of init code that the function had",
      before: withF("if (g) setup(1); outside(2);"),
      after: withF("if (g) setup(1); outside(3);"),
      expected: { outcome: "patchable", replaced: ["f"] },
    },
    {
      name: "takes a call that moves into the cold part of the function",
      before: withF("if (g) setup(1); outside(2);"),
      after: withF("if (__builtin_expect(g, 0)) setup(1); outside(3);"),
      expected: { outcome: "patchable", replaced: ["f"] },
    },
    {
      name: "refuses a second call of init code",
      before: withF("if (g) setup(1);"),
      after: withF("if (g) setup(1); outside(3); setup(x);"),
      expected: refused,
    },
    {
      name: "refuses the address of init code that was only called",
      before: withF("if (g) setup(1);"),
      after: withF("if (g) outside((long)setup);"),
      expected: refused,
    },
    {
      name: "refuses init code that only another function called",
      before: withF(
        "outside(1);",
        `${noinline} int k(int x) { if (g) setup(1); return outside(4); }`,
      ),
      after: withF("setup(1);", `${noinline} int k(int x) { return outside(4); }`),
      expected: refused,
    },
    {
      name: "takes init data that is read as before",
      before: withF("if (g) outside(flag);"),
      after: withF("if (g) outside(flag + 1);"),
      expected: { outcome: "patchable", replaced: ["f"] },
    },
    {
      name: "refuses that init data which was read is written",
      before: withF("if (g) outside(flag);"),
      after: withF("if (g) flag = outside(1);"),
      expected: refused,
    },
    {
      name: "refuses another member of init data",
      before: withF("if (g) outside(pair.a);"),
      after: withF("if (g) outside(pair.b);"),
      expected: refused,
    },
  ],
  twoFlavours,
);
