// The draft of what is carried is linked with the object before, and run: what it does must be what
// the object after does, and state must be shared with the functions that stayed.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ElfDraft } from "../../elf/draft.ts";
import { draftFrom } from "../../elf/draft-from.ts";
import { readElf } from "../../elf/read.ts";
import { writeElf } from "../../elf/write.ts";
import {
  compileBytes,
  type DiffCase,
  diffTexts,
  flavours,
  homesByName,
  noinline,
} from "../diff.test.support.ts";
import { DiffError } from "../errors.ts";
import { type CarriedObject, carryChanges } from "./carry.ts";

const nameInXen = ({ name }: { readonly name: string }): string => `xen_${name}`;

/** Every function and variable of the object before, under the name that Xen's table would give. */
function asXen(text: string, flags: readonly string[]): ElfDraft {
  const draft = draftFrom(readElf(compileBytes(text, flags), "before"));
  for (const symbol of draft.symbols) {
    if (typeof symbol.place === "string" || !["STT_OBJECT", "STT_FUNC"].includes(symbol.type))
      continue;
    symbol.name = `xen_${symbol.name}`;
    symbol.binding = "STB_GLOBAL";
  }
  return draft;
}

/** New bodies can be called by `new_f`; what only the object before defines stays with Xen. */
function asPayload({ draft, replacements }: CarriedObject): ElfDraft {
  for (const { newBody } of replacements) {
    newBody.name = `new_${newBody.name}`;
    newBody.binding = "STB_GLOBAL";
  }
  return draft;
}

interface RunCase extends DiffCase {
  /** Body of main(), which sees `xen_…` and `new_…` as int (*)(int). */
  readonly main: string;
  readonly expected: string;
}

function run({ main, ...texts }: RunCase, flags: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-carry-"));
  try {
    const carried = carryChanges(diffTexts({ ...texts, flags }), nameInXen);
    writeFileSync(join(folder, "xen.o"), writeElf(asXen(texts.before, flags)));
    writeFileSync(join(folder, "payload.o"), writeElf(asPayload(carried)));
    const names = [...new Set(main.match(/\b(xen|new)_\w+/g))];
    const declarations = names.map((name) => `extern int ${name}(int);`).join("\n");
    const text = `#include <stdio.h>\n${declarations}
      int outside(int x) { return x + 100; }
      int main(void) { ${main} return 0; }`;
    writeFileSync(join(folder, "main.c"), text);
    execFileSync("gcc", ["-no-pie", "-w", "main.c", "xen.o", "payload.o", "-o", "main"], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    return execFileSync(join(folder, "main"), { encoding: "utf8" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const show = (...calls: readonly string[]): string =>
  calls.map((call) => `printf("%d ", ${call});`).join(" ");

const cases: Readonly<Record<string, RunCase>> = {
  "a body that calls what stayed, what is new and what is outside": {
    before: `extern int outside(int); ${noinline} static int stays(int x) { return x * 2; }
      ${noinline} int f(int x) { return stays(x) + 1; } int g(int x) { return stays(x) + f(x); }`,
    after: `extern int outside(int); ${noinline} static int stays(int x) { return x * 2; }
      ${noinline} static int fresh(int x) { return outside(x) * 3; }
      ${noinline} int f(int x) { return stays(x) + fresh(x); } int g(int x) { return stays(x) + f(x); }`,
    main: show("xen_f(5)", "new_f(5)"),
    expected: "11 325 ",
  },
  "the hypervisor's own static variables": {
    before: `${noinline} int f(int x) { static int count asm("count.1") = 40; return count += x; }
      ${noinline} int h(int x) { static int count asm("count.2") = 70; return count += x; }`,
    after: `${noinline} int e(int x) { static int count asm("count.3") = 7; return count += x; }
      ${noinline} int f(int x) { static int count asm("count.4") = 40; return (count += x) * 10; }
      ${noinline} int h(int x) { static int count asm("count.5") = 70; return count += x; }`,
    options: {
      findHomes: homesByName({
        "count.1": "f",
        "count.2": "h",
        "count.3": "e",
        "count.4": "f",
        "count.5": "h",
      }),
    },
    main: show("xen_f(1)", "new_f(1)", "xen_f(1)", "xen_h(1)"),
    expected: "41 420 43 71 ",
  },
  "strings, constant tables and jump tables": {
    before: `static const int table[] = {1, 2, 3, 4}; ${noinline} int f(int x) { return table[x & 3]; }`,
    after: `static const int table[] = {1, 2, 3, 9}; static const char *const names[] = {"ab", "cd"};
      ${noinline} int f(int x) { switch (x) { case 0: return table[3]; case 1: return names[1][0];
      case 2: return "xyz"[x]; case 3: return table[x] + 1; case 4: return 44; case 5: return 50;
      case 6: return names[x & 1][1]; default: return -x; } }`,
    main: show(...[0, 1, 2, 3, 4, 6, 8].map((x) => `new_f(${x})`)),
    expected: "9 99 122 10 44 98 -8 ",
  },
  "a cold part that returns to its new parent": {
    before: `extern int outside(int); int slow(int) __attribute__((cold, noinline));
      int slow(int x) { return outside(x); }
      ${noinline} int f(int x) { if (x > 9) x = slow(x) - 1; return x * 2; }`,
    after: `extern int outside(int); int slow(int) __attribute__((cold, noinline));
      int slow(int x) { return outside(x); }
      ${noinline} int f(int x) { if (x > 9) x = slow(x) - 2; return x * 4 + 1; }`,
    main: show("new_f(1)", "new_f(10)"),
    expected: "5 433 ",
  },
  "functions that call themselves and each other": {
    before: `${noinline} static int odd(int x); ${noinline} int even(int x) { return x ? odd(x - 1) : 1; }
      ${noinline} static int odd(int x) { return x ? even(x - 1) : 0; }
      ${noinline} int sum(int x) { return x > 1 ? sum(x - 1) + sum(x - 2) + x : x; }`,
    after: `${noinline} static int odd(int x); ${noinline} int even(int x) { return x ? odd(x - 1) + 10 : 1; }
      ${noinline} static int odd(int x) { return x ? even(x - 1) + 100 : 0; }
      ${noinline} int sum(int x) { return x > 1 ? sum(x - 1) + sum(x - 2) + x * 2 : x; }`,
    main: show("new_even(2)", "new_sum(3)", "xen_sum(3)"),
    expected: "111 12 7 ",
  },
  "new variables with contents, and pointers in them": {
    before: `extern int outside(int); ${noinline} int f(int x) { return outside(x) * 2; }`,
    after: `extern int outside(int); ${noinline} static int twice(int x) { return x * 2; } static int zero;
      static int (*calls[])(int) = {outside, twice};
      ${noinline} int f(int x) { return calls[x & 1](x) + zero++; }`,
    main: show("new_f(2)", "new_f(3)"),
    expected: "102 7 ",
  },
};

for (const [what, one] of Object.entries(cases)) {
  test(`carryChanges() carries ${what}`, () => {
    for (const flags of flavours) assert.equal(run(one, flags), one.expected, flags.join(" "));
  });
}

test("carryChanges() names what it replaces", () => {
  const diff = diffTexts({
    before: `extern int outside(int); ${noinline} static int k(int x) { return outside(x); }
      ${noinline} int f(int x) { return k(x) + 1; }`,
    after: `extern int outside(int); ${noinline} int k(int x) { return outside(x); }
      ${noinline} int f(int x) { return k(x) + 2; }`,
  });
  const { replacements } = carryChanges(diff, (symbol, file) =>
    symbol.binding === "STB_LOCAL" ? `${file}#${symbol.name}` : symbol.name,
  );
  assert.deepEqual(
    replacements.map(({ oldName }) => oldName),
    ["f"],
  );
});

test("carryChanges() takes nothing of a fix that is refused", () => {
  const diff = diffTexts({
    before: "extern int outside(int); int v = 1; int f(int x) { return outside(x); }",
    after: "extern int outside(int); int v = 2; int f(int x) { return outside(x) + 1; }",
  });
  assert.throws(
    () => carryChanges(diff, nameInXen),
    (error) => error instanceof DiffError && error.report.code === "diff/refused",
  );
});
