// Variables and functions that a patch moves between files, or shows to other files: what they hold must
// stay in use, or the author is asked.

import assert from "node:assert/strict";
import { buildTest } from "../../test/why-no-build.ts";
import {
  buildMove,
  dataOf,
  type Edits,
  kernel,
  needsOf,
  refusalsOf,
  start,
  user,
} from "./moved-state.test.support.ts";

const bound: readonly (readonly [what: string, edits: Edits, needed: string])[] = [
  [
    "a static variable that becomes global, from another file",
    {
      [user]: [["static int calls", "int calls"]],
      [kernel]: [
        ["int kernel(int n) { return n", "extern int calls;\nint kernel(int n) { return calls"],
      ],
    },
    "user.c#calls",
  ],
  [
    "a static function that becomes global, from another file",
    {
      [user]: [["static __attribute__((noinline)) int helper", "int helper"]],
      [kernel]: [
        ["int kernel(int n) { return n", "int helper(int);\nint kernel(int n) { return helper(n)"],
      ],
    },
    "user.c#helper",
  ],
  [
    "a static variable that becomes a global one of another file",
    {
      [user]: [
        ["static int calls", "extern int calls"],
        ["++calls", "(calls += 2)"],
      ],
      [start]: [["int start", "int calls;\nint start"]],
    },
    "user.c#calls",
  ],
  [
    "such a variable in the file that defines it now",
    {
      [user]: [["static int calls", "extern int calls"]],
      [start]: [["int start(int n) { return n", "int calls;\nint start(int n) { return calls"]],
    },
    "user.c#calls",
  ],
  [
    "such a variable in a third file",
    {
      [user]: [["static int calls", "extern int calls"]],
      [start]: [["int start", "int calls;\nint start"]],
      [kernel]: [
        ["int kernel(int n) { return n", "extern int calls;\nint kernel(int n) { return calls"],
      ],
    },
    "user.c#calls",
  ],
  [
    "a structure that moves with its type",
    {
      [user]: [["static struct pair pair", "extern struct pair pair"]],
      [start]: [
        [
          "int start(int n) { return n",
          "struct pair { int first; int second; } pair;\nint start(int n) { return pair.first",
        ],
      ],
    },
    "user.c#pair",
  ],
  [
    "a variable with the same initial value",
    {
      [user]: [["static int begun = 5", "extern int begun"]],
      [start]: [["int start(int n) { return n", "int begun = 5;\nint start(int n) { return begun"]],
    },
    "user.c#begun",
  ],
  [
    "a variable of each processor",
    {
      [user]: [
        ['static __attribute__((section(".bss.percpu"))) int per', "extern int per"],
        ["++per_cpu__hits", "(per_cpu__hits += 2)"],
      ],
      [start]: [
        ["int start", '__attribute__((section(".bss.percpu"))) int per_cpu__hits;\nint start'],
      ],
    },
    "user.c#per_cpu__hits",
  ],
  [
    "a global variable that becomes a static one of another file",
    {
      [user]: [
        ["int level;\n", ""],
        ["++level", "n"],
      ],
      [start]: [
        ["extern int level", "static int level"],
        ["--level", "(level -= 2)"],
      ],
    },
    "level",
  ],
  [
    "a global variable that another file defines",
    {
      [user]: [
        ["int level", "extern int level"],
        ["++level", "(level += 2)"],
      ],
      [start]: [["extern int level", "int level"]],
    },
    "level",
  ],
];

for (const [what, edits, needed] of bound) {
  buildTest(`buildFix() binds ${what}, to the hypervisor's own`, async () => {
    const fix = await buildMove(edits);
    assert.ok(needsOf(fix).includes(needed), needsOf(fix).join());
    assert.deepEqual(dataOf(fix), []);
  });
}

const lost: readonly (readonly [what: string, edits: Edits, refusals: readonly string[]])[] = [
  [
    "is renamed while it moves",
    {
      [user]: [
        ["static int begun = 5", "extern int tally"],
        ["begun++", "tally++"],
      ],
      [start]: [["int start(int n) { return n", "int tally = 5;\nint start(int n) { return tally"]],
    },
    ['data-lost: variable "begun"'],
  ],
  [
    "moves without a trace of where it was",
    {
      [user]: [
        ["static int begun = 5;\n", ""],
        ["return begun++", "return n"],
      ],
      [start]: [
        ["int start(int n) { return n", "static int begun = 5;\nint start(int n) { return begun++"],
      ],
    },
    ['data-lost: variable "begun"'],
  ],
  [
    "grows while it moves",
    {
      [user]: [
        ["static struct pair pair", "extern struct pair pair"],
        ["int second; }", "int second; int third; }"],
      ],
      [start]: [
        ["int start", "struct pair { int first; int second; int third; } pair;\nint start"],
      ],
    },
    ['data-lost: variable "pair"', "layout: struct pair"],
  ],
  [
    "gets another type of the same size while it moves",
    {
      [user]: [["static struct pair pair", "extern struct pair pair"]],
      [start]: [["int start", "struct pair { int second; int first; } pair;\nint start"]],
    },
    ['data-lost: variable "pair"'],
  ],
  [
    "gets another initial value while it moves",
    {
      [user]: [["static int begun = 5", "extern int begun"]],
      [start]: [["int start", "int begun = 6;\nint start"]],
    },
    ['data-lost: variable "begun"'],
  ],
  [
    "points to what only its old file knows",
    {
      [user]: [["static int *pointer = &calls", "extern int *pointer"]],
      [start]: [["int start", "static int other;\nint *pointer = &other;\nint start"]],
    },
    ['data-lost: variable "pointer"'],
  ],
  [
    "was local to a function and is no longer",
    {
      [user]: [
        ["{ static int seen; return ++seen", "{ return ++seen"],
        ["int count", "static int seen;\nint count"],
      ],
    },
    ['data-lost: variable "seen.0"'],
  ],
  [
    "was local to a function and moves to another file",
    {
      [user]: [["static int seen; return ++seen", "extern int seen; return ++seen"]],
      [start]: [["int start", "int seen;\nint start"]],
    },
    ['data-lost: variable "seen.0"'],
  ],
];

for (const [what, edits, refusals] of lost) {
  buildTest(`buildFix() refuses to lose what a variable holds that ${what}`, async () => {
    assert.deepEqual(refusalsOf(await buildMove(edits)), refusals);
  });
}
