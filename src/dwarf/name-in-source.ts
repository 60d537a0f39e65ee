// The name that debug information, and the source, have for the function of a symbol.

/** Without the suffixes that the compiler adds to the names of its clones and of parts of functions. */
export function nameInSource(symbolName: string): string {
  return symbolName.replace(/\.(constprop|isra|part|cold).*$/, "");
}
