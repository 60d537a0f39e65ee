import assert from "node:assert/strict";
import { test } from "node:test";
import type { OptionSpec } from "../option-spec.ts";
import { describeOption, optionSyntax, optionSyntaxInBrackets } from "./option-words.ts";

const to: OptionSpec = {
  name: "to",
  letter: "t",
  value: "FILE",
  valueCount: "many",
  description: "what should be applied",
  repeatable: "yes",
  required: { unless: ["nothing", "plan"] },
  excludes: [{ option: "nothing" }],
};

test("optionSyntax() and optionSyntaxInBrackets() show names and value", () => {
  assert.equal(optionSyntax(to), "-t, --to FILE...");
  assert.equal(optionSyntaxInBrackets(to), "-t, --to <FILE...>");
  const code = { name: "code", value: "NAME", valueCount: "optional", description: "" } as const;
  assert.equal(optionSyntax(code), "--code [NAME]");
  assert.equal(optionSyntaxInBrackets(code), "--code [NAME]");
  assert.equal(optionSyntax({ name: "all", description: "" }), "--all");
});

test("describeOption() tells every rule behind the description", () => {
  const plan = { name: "plan", description: "a plan", excludes: [{ option: "to" }] };
  assert.equal(
    describeOption(to, [to, plan]),
    "what should be applied (required unless --nothing or --plan; not with --nothing or --plan; may be repeated)",
  );
  const jobs: OptionSpec = {
    name: "jobs",
    value: "N",
    description: "at a time",
    required: "always",
    range: { min: 1, max: 9 },
    default: "4",
    needs: [
      { option: "mode", value: "all" },
      { option: "to", when: { words: "N is odd", holds: () => true } },
    ],
  };
  assert.equal(
    describeOption(jobs, [jobs]),
    "at a time (required; needs --mode all; needs --to where N is odd; 1 to 9; default: 4)",
  );
  assert.equal(describeOption({ name: "all", description: "all of it" }, []), "all of it");
});
