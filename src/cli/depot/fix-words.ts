// A fix on a command line: `XSA-494 CVE-2026-1234 Title in words`.

import type { Fix } from "../../depot/form.ts";
import { UsageError } from "../usage-error.ts";

/** @throws UsageError */
export function readFix(option: string, text: string): Fix {
  const [advisory = "", ...words] = text.trim().split(/\s+/);
  const isCve = (word: string) => /^CVE-\d{4}-\d{4,}$/i.test(word);
  const first = words.findIndex((word) => !isCve(word));
  const cves = words.slice(0, first < 0 ? words.length : first).map((word) => word.toUpperCase());
  const title = first < 0 ? "" : words.slice(first).join(" ");
  // A fix without an advisory is known by its CVE.
  if (/^(XSA-\d+|[A-Z][A-Z0-9]*-[\w-]+)$/i.test(advisory)) {
    const name = advisory.toUpperCase();
    return { advisory: name, cves: isCve(name) ? [name, ...cves] : cves, title };
  }
  throw new UsageError({
    code: "usage/bad-value",
    problem: `Cannot tell which fix "${text}" is`,
    where: `--${option}`,
    expected: 'the advisory, its CVEs, its title: "XSA-494 CVE-2026-1234 x86: missing check"',
  });
}
