// ROLE=VALUE on a command line.

import type { CommandCall } from "../spec.ts";
import { UsageError } from "../usage-error.ts";

/** @throws UsageError */
export function roleWord(
  option: string,
  word: string,
  roles: readonly string[],
): readonly [role: string, value: string] {
  const [, role = "", value = ""] = /^([^=]+)=(.+)$/.exec(word) ?? [];
  if (roles.includes(role)) return [role, value];
  throw new UsageError({
    code: "usage/bad-value",
    problem: `Cannot use "${word}"`,
    where: `--${option}`,
    expected: `ROLE=VALUE, where ROLE is one of ${roles.join(", ")}`,
  });
}

const NUMBER_MAX = 36_500;

/** @throws UsageError */
export function readRoleWords(
  { options }: CommandCall,
  option: string,
  roles: readonly string[],
  least: "0" | "1",
): ReadonlyMap<string, number> {
  return new Map(
    options.texts(option).map((word) => {
      const [role, text] = roleWord(option, word, roles);
      const value = Number(text);
      if (/^\d+$/.test(text) && value >= Number(least) && value <= NUMBER_MAX) return [role, value];
      throw new UsageError({
        code: "usage/bad-value",
        problem: `Cannot use "${text}" of "${word}"`,
        where: `--${option}`,
        expected: `a whole number from ${least} to ${NUMBER_MAX}`,
      });
    }),
  );
}
