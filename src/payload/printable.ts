// What comes from a file must not steer the terminal that shows it.

/** Control characters but line feeds as `\x1b`. */
export function printable(text: string): string {
  return text.replaceAll(
    /[^\P{Cc}\n]/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
