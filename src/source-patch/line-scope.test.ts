import assert from "node:assert/strict";
import { test } from "node:test";
import { findRegions } from "./line-regions.ts";
import { scopesOf } from "./line-scope.ts";

const before = `#include <asm/old.h>
#define LIMIT 3
struct s {
    int a;
};

/* Counts
 * a little. */
static inline __attribute__((always_inline)) int count(struct s *s,
                        int by)
{
    s->a += by;
    return s->a;
}

static const int table[] = {
    1,
    2,
};

#define TWICE(x) do { \\
        use(x);       \\
        use(x);       \\
    } while (0)

struct __attribute__((packed)) t {
    char b;
};

struct u {
    int c;
#define name_of_c c
    long d;
};

int last(void)
{
#ifdef LIMIT
    return LIMIT;
#endif
}

struct page {
    int e;
} __aligned(4096);
`;

const cases: Readonly<Record<string, readonly [old: string, fixed: string, scope: string]>> = {
  "a line of a body": ["s->a += by;", "s->a -= by;", "function 9-14"],
  "lines put into a body": ["    return s->a;", "    by++;\n    return s->a;", "function 9-14"],
  "a line of a parameter list": ["int by)", "long by)", "function 9-14"],
  "the first line of a function": [" int count(", " long count(", "anything"],
  "a comment": [" * a little", " * a lot", "nothing-old"],
  "a new function": ["int last(void)", "int more(void)\n{\n}\n\nint last(void)", "nothing-old"],
  "a new variable": ["int last(void)", "int more;\n\nint last(void)", "anything"],
  "a new macro": ["int last(void)", "#define MORE\nint last(void)", "anything"],
  "an include of a new header": [
    "#include <asm/old.h>\n",
    "#include <asm/old.h>\n#include <xen/new.h>\n",
    "new-headers",
  ],
  "an include of another header": [
    "#include <asm/old.h>\n",
    "#include <asm/old.h>\n#include <xen/other.h>\n",
    "anything",
  ],
  "the last line of a macro": ["    } while (0)", "    } while (1)", "anything"],
  "a member beside a macro": ["    long d;", "    int d;", "type struct u"],
  "a macro of one line": ["LIMIT 3", "LIMIT 4", "anything"],
  "a line inside of a macro": ["        use(x);       \\\n    }", "    }", "anything"],
  "a member of a type": ["int a;", "long a;", "type struct s"],
  "a member of a type with an attribute": ["char b;", "short b;", "type struct t"],
  "the attribute of a type": ["packed", "aligned(8)", "anything"],
  "a variable of a type": ["    char b;\n}", "    char b;\n    int c;\n} v", "anything"],
  "a function that is gone": [
    "static inline __attribute__((always_inline)) int count(struct s *s,\n                        int by)\n{\n    s->a += by;\n    return s->a;\n}\n\n",
    "",
    "function 9-14",
  ],
  "a type that is gone": [
    "struct __attribute__((packed)) t {\n    char b;\n};\n\n",
    "",
    "nothing-old",
  ],
  "a variable that is gone": [
    "static const int table[] = {\n    1,\n    2,\n};\n\n",
    "",
    "anything",
  ],
  "a new prototype": [
    "int last(void)",
    "int more(struct s *s, int);\nint last(void)",
    "nothing-old",
  ],
  "a prototype of what is there": ["int last(void)", "int last(void);\nint last(void)", "anything"],
  "a prototype with an attribute": ["int last(", "int more(void) __cold;\nint last(", "anything"],
  "a macro call": ["int last(", "more(last);\nint last(", "anything"],
  "a value of a table": ["    2,", "    3,", "anything"],
  "a condition in a body": ["#ifdef LIMIT", "#ifndef LIMIT", "function 36-41"],
  "conditions that a body gets": [
    "    return LIMIT;",
    "    by();\n#endif\n    or();\n#ifdef LIMIT\n    return LIMIT;",
    "function 36-41",
  ],
  "a condition around a function": ["int last(void)", "#ifdef LIMIT\nint last(void)", "anything"],
  "a condition in a type": ["    int c;\n", "    int c;\n#ifdef LIMIT\n#endif\n", "anything"],
  "a type that a macro aligns": ["    int e;", "    long e;", "type struct page"],
  "such an alignment itself": ["__aligned(4096)", "__aligned(64)", "anything"],
};

for (const [what, [old, fixed, expected]] of Object.entries(cases)) {
  test(`scopesOf() says of ${what}: ${expected}`, () => {
    const after = before.replace(old, fixed);
    assert.notEqual(after, before);
    const isNewHeader = (name: string) => name === "xen/new.h";
    const scopes = scopesOf(before, after, findRegions(before, after), isNewHeader);
    assert.deepEqual(
      scopes.map((scope) =>
        scope.kind === "function"
          ? `function ${scope.first}-${scope.last}`
          : scope.kind === "type"
            ? `type ${scope.name}`
            : scope.kind,
      ),
      [expected],
    );
  });
}

test("scopesOf() is sure of nothing where braces do not match", () => {
  const text = "int f(void)\n{\n#ifdef A\n  if (1) {\n#endif\n  g();\n}\n}\n";
  const after = text.replace("g()", "h()");
  assert.deepEqual(scopesOf(text, after, findRegions(text, after)), [{ kind: "anything" }]);
});
