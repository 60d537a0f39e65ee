import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { neutralizeLines } from "./line-neutral.ts";
import { findRegions } from "./line-regions.ts";

const neutralize = (before: string, after: string) =>
  neutralizeLines(after, findRegions(before, after));

function textOf(before: string, after: string): string {
  const result = neutralize(before, after);
  assert.equal(result.kind, "neutral", JSON.stringify(result));
  return result.kind === "neutral" ? result.text : "";
}

function preprocess(text: string): string[] {
  const options = { input: text, encoding: "utf8" } as const;
  const output = execFileSync("gcc", ["-E", "-P", "-x", "c", "-"], options);
  return output.split(/\s+/).filter((token) => token !== "");
}

const twoFunctions =
  "int f(void)\n{\n    return __LINE__;\n}\n\nint g(void)\n{\n    return __LINE__;\n}\n";

test("neutralizeLines() gives a function that only moved its old line numbers", () => {
  const after = twoFunctions.replace("{\n", "{\n    a();\n    b();\n");
  assert.equal(textOf(twoFunctions, after), after.replace("}\n\nint g", "}\n#line 5\n\nint g"));
});

test("neutralizeLines() leaves a file alone whose lines stay where they are", () => {
  const after = twoFunctions.replace("return __LINE__", "return 1");
  assert.equal(neutralize(twoFunctions, after).kind, "unneeded");
});

test("neutralizeLines() puts nothing into macro arguments, continued lines and literals", () => {
  const before = [
    "#define M(a, \\",
    "          b) a b",
    'asm("one"',
    '    "}; two");',
    "M(int x,",
    "  = 1);",
    "/* } ;",
    " ; */ char c = '\"'; // ; }",
    "int last = __LINE__;",
    "",
  ].join("\n");
  const after = before.replace("#define", "int added;\n#define");
  assert.deepEqual(preprocess(textOf(before, after)).slice(2), preprocess(before));
  const inMacro = before.replace("M(int x,\n", "M(int x,\n\n");
  assert.deepEqual(preprocess(textOf(before, inMacro)), preprocess(before));
});

test("neutralizeLines() repeats a directive that a skipped branch may have hidden", () => {
  const before = "int a;\n#ifdef NOT_SET\nint b;\n#else\nint c;\n#endif\nint d = __LINE__;\n";
  const after = before.replace("int b;\n", "int new1;\nint new2;\nint b;\nint b2;\n");
  assert.deepEqual(preprocess(textOf(before, after)), preprocess(before));
});

test("neutralizeLines() doubts files whose braces depend on conditions", () => {
  const before = "#ifdef A\nint f(void) {\n#endif\nint x;\n#ifdef A\n}\n#endif\n";
  const result = neutralize(before, `int new;\n${before}`);
  assert.deepEqual(result, {
    kind: "doubt",
    reason: "branches of #if leave braces differently",
  });
});

test("neutralizeLines() doubts two macro calls at the top level that would share a number", () => {
  const before = "int a;\nparam(one);\nint b;\n";
  const after = "int a;\nparam(new);\nparam(one);\nint b;\n";
  assert.equal(neutralize(before, after).kind, "doubt");
});

const item = fc.constantFrom(
  "int NAME = __LINE__;",
  "int NAME(void)\n{\n    return __LINE__;\n}",
  "#define NAME(x) \\\n    x",
  "#if 1\nint NAME = __LINE__;\n#else\nint NAME = -__LINE__;\n#endif",
  "#if 0\ndon't read this {\n}\n#endif",
  "/* a comment; }\n * goes on */",
  'asm("one\\n"\n    "two; }");',
  "static const char NAME[] = { '{', '\\'', \"\\\"\"[0],\n    __LINE__ };",
  "struct NAME {\n    int a;\n#ifdef __LINE__\n    int b[__LINE__];\n#endif\n} NAME;",
  "",
);

test("neutralizeLines() keeps every token of what was not changed", () => {
  const source = fc
    .array(item, { minLength: 1, maxLength: 12 })
    .map((items) => items.map((text, index) => text.replaceAll("NAME", `n${index}`)));
  const insertion = fc.record({
    at: fc.nat({ max: 11 }),
    text: fc.constantFrom(
      "int added_1;\n",
      "/* one\n * two */\n",
      "\n\n\n",
      "#define ADDED \\\n 1\n",
    ),
  });
  fc.assert(
    fc.property(
      source,
      fc.array(insertion, { minLength: 1, maxLength: 3 }),
      (items, insertions) => {
        const before = `${items.join("\n")}\n`;
        const after = `${items
          .map(
            (text, index) =>
              insertions
                .filter(({ at }) => at === index)
                .map((i) => i.text)
                .join("") + text,
          )
          .join("\n")}\n`;
        const result = neutralize(before, after);
        fc.pre(result.kind === "neutral");
        const text = result.kind === "neutral" ? result.text : after;
        const tokens = preprocess(text)
          .join(" ")
          .replaceAll("int added_1; ", "")
          .replaceAll("int added_1;", "");
        assert.equal(tokens.trim(), preprocess(before).join(" ").trim());
        const withoutDirectives = text.replaceAll(/^#line \d+\n/gm, "");
        assert.equal(withoutDirectives, after);
      },
    ),
    { numRuns: 40 },
  );
});
