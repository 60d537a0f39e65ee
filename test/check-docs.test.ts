// The table of rules in docs/check.md is made from the rules.

import { test } from "node:test";
import { describeRule } from "../src/check/describe-rule.ts";
import { ruleIds } from "../src/check/rules.ts";
import { expectGoldenBlock } from "./golden.ts";

test("docs/check.md lists every rule with the releases that it concerns", () => {
  const rows = ruleIds.map(describeRule).map(({ id, severity, title, releases }) => {
    return `| \`${id}\` | ${severity} | ${title} | ${releases} |\n`;
  });
  const head = "\n| rule | | what is wrong | releases |\n| --- | --- | --- | --- |\n";
  const marks = { begin: /<!-- rules:.*-->/, end: /<!-- end of rules -->/ };
  expectGoldenBlock("docs/check.md", marks, `${head}${rows.join("")}\n`);
});
