import assert from "node:assert/strict";
import { test } from "node:test";
import { isInTrampoline } from "./trampoline.ts";

function xenWith(addresses: Readonly<Record<string, bigint | undefined>>) {
  const symbol = { sizeBytes: 4, kind: "function", isInit: true } as const;
  const byName = new Map(
    Object.entries(addresses).map(([name, address]) => {
      return [name, { ...symbol, name, bareName: name, address }] as const;
    }),
  );
  return { byName };
}

test("isInTrampoline() tells what stays as a copy from what is gone after boot", () => {
  const trampoline = { trampoline_start: 0x1000n, trampoline_end: 0x2000n };
  const xen = xenWith({ ...trampoline, boot_edd_info: 0x1ff0n, early: 0x2000n, below: undefined });
  const names = ["trampoline_start", "boot_edd_info", "early", "below", "unknown"];
  assert.deepEqual(
    names.filter((name) => isInTrampoline(name, xen)),
    ["trampoline_start", "boot_edd_info"],
  );
  assert.ok(!isInTrampoline("early", xenWith({ early: 0x1000n })), "a Xen without one");
});
