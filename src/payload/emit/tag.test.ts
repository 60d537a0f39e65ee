import assert from "node:assert/strict";
import { test } from "node:test";
import { readElf } from "../../elf/read.ts";
import { PAYLOAD_SYMBOL_NAME_MAX } from "../../xen-abi/limits.ts";
import { compileDraft, emitInput } from "./emit.test.support.ts";
import { emitPayload } from "./emit.ts";
import { tagSymbols } from "./tag.ts";

test("tagSymbols() keeps names within what Xen stores, and apart even so", () => {
  const long = "a".repeat(200);
  const draft = compileDraft({ c: `int ${long}_one; int ${long}_two; int f(void) { return 1; }` });
  tagSymbols(draft, "0123456789");
  const names = draft.symbols.map(({ name }) => name).filter((name) => name.startsWith("aaa"));
  assert.equal(new Set(names).size, 2);
  for (const name of names) {
    assert.ok(name.length <= PAYLOAD_SYMBOL_NAME_MAX);
    assert.match(name, /\.xs0123456789/);
  }
});

test("tagSymbols() counts bytes, and spares mapping symbols of Arm only", () => {
  const draft = compileDraft({ c: `int ${"é".repeat(90)}; int $d; int f(void) { return 1; }` });
  tagSymbols(draft, "0123456789");
  const names = draft.symbols.map(({ name }) => name);
  const long = names.find((name) => name.startsWith("é")) ?? "";
  assert.match(long, /^é+\.xs0123456789$/);
  assert.ok(Buffer.byteLength(long) <= PAYLOAD_SYMBOL_NAME_MAX);
  assert.ok(names.includes("$d.xs0123456789"));
});

test("tagSymbols() tells locals of one name apart, and leaves what Xen does not record alone", () => {
  const draft = compileDraft({
    c: `int f(void) { static int n; return n++; } int g(void) { static int n; return n++; }
      extern void xen_print(const char *); void h(void) { xen_print("text"); }`,
  });
  const label = draft.symbols.find(({ name }) => name.startsWith(".L"))?.name;
  tagSymbols(draft, "0123456789");
  const names = draft.symbols.map(({ name }) => name).filter((name) => name !== "");
  assert.equal(new Set(names).size, names.length);
  assert.ok(label !== undefined && names.includes(label));
  assert.ok(names.includes("xen_print") && !names.includes("f"));
});

test("hashInputs() differs with everything that makes a payload another one", () => {
  const draft = compileDraft({ c: "int f(void) { return 1; }" });
  const other = compileDraft({ c: "int f(void) { return 2; }" });
  const tagOf = (input: Parameters<typeof emitPayload>[0]): string | undefined =>
    readElf(emitPayload(input).bytes, "x").symbols.find(({ type }) => type === "STT_FUNC")?.name;
  const base = emitInput(draft, ["f"]);
  const tags = [
    base,
    emitInput(other, ["f"]),
    { ...base, metadata: [["a", "b"]] as const },
    { ...base, depends: new Uint8Array(20).fill(9) },
    { ...base, funcsAccess: "writable" as const },
    { ...base, payloadVersion: 1 as const },
    { ...base, stacking: { ...base.stacking, guard: "full" as const } },
    { ...base, replacements: base.replacements.map((one) => ({ ...one, oldSizeBytes: 65 })) },
  ].map(tagOf);
  assert.equal(new Set(tags).size, tags.length);
  assert.equal(tagOf(base), tags[0]);
});
