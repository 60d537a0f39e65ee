// Pieces of C text of a draft.

/** A part of a name, of what may hold dots and slashes. */
export function identifier(text: string): string {
  return text.replace(/[^A-Za-z0-9_]+/g, "_").replace(/^_+|_+$/g, "");
}

/** A block comment of these lines. */
export function comment(...lines: readonly string[]): string {
  const safe = lines.map((line) => ` * ${line.replaceAll("*/", "* /")}`.trimEnd());
  return ["/*", ...safe, " */"].join("\n");
}

/** `{ 0x01, 0x00 }` */
export function byteArray(bytes: Uint8Array): string {
  const numbers = [...bytes].map((byte) => `0x${byte.toString(16).padStart(2, "0")}`);
  const lines: string[] = [];
  for (let at = 0; at < numbers.length; at += 12) lines.push(numbers.slice(at, at + 12).join(", "));
  return lines.length === 1 ? `{ ${lines[0]} }` : `{\n    ${lines.join(",\n    ")}\n}`;
}

/** A symbol of Xen by the name that its table has, `common/kernel.c#name` too. */
export function ofXen(name: string): string {
  return `__asm__("\\"${name}\\"")`;
}
