// Text that is not ours (names, metadata, consoles, what a host answers) must not steer the terminal that
// shows it, nor look like a line of ours.

/** But line feeds and tabs: what a terminal obeys, and what changes the order in which text is shown. */
const CONTROL = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * `\x1b` for those below a space, which JSON escapes before they come here; `\u202e` for the others: a document
 * of JSON means the same afterwards.
 */
export function visible(text: string): string {
  return text.replaceAll(CONTROL, escaped);
}

/** All texts of plain data, each on one line. */
export function onOneLine<Data>(data: Data): Data {
  return mapTexts(data, (text) => text.replaceAll(/[\n\t]/g, escaped)) as Data;
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    const unit = character.charCodeAt(at);
    if (unit === 0x0a) return "\\n";
    if (unit === 0x09) return "\\t";
    const hex = unit.toString(16);
    return unit < 0x20 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`;
  }).join("");
}

function mapTexts(data: unknown, change: (text: string) => string): unknown {
  if (typeof data === "string") return change(data);
  if (Array.isArray(data)) return data.map((one) => mapTexts(one, change));
  if (
    data === null ||
    typeof data !== "object" ||
    Object.getPrototypeOf(data) !== Object.prototype
  ) {
    return data;
  }
  return Object.fromEntries(Object.entries(data).map(([key, one]) => [key, mapTexts(one, change)]));
}
