// Functions of Xen that give memory, by the names that objects call them by, of all releases: what they are
// told, and what is in the memory. xen/include/xen/{xmalloc,xvmalloc,mm,vmap}.h

export interface Allocator {
  /** What the first argument says; others take pages, by an order. */
  readonly takes: "bytes" | "pages";
  readonly gives: "zeroed" | "anything";
}

export const allocators: ReadonlyMap<string, Allocator> = new Map([
  ["_xzalloc", { takes: "bytes", gives: "zeroed" }],
  ["_xvzalloc", { takes: "bytes", gives: "zeroed" }],
  ["vzalloc", { takes: "bytes", gives: "zeroed" }],
  ["_xmalloc", { takes: "bytes", gives: "anything" }],
  ["_xvmalloc", { takes: "bytes", gives: "anything" }],
  ["vmalloc", { takes: "bytes", gives: "anything" }],
  ["alloc_xenheap_pages", { takes: "pages", gives: "anything" }],
  ["alloc_domheap_pages", { takes: "pages", gives: "anything" }],
]);

/** By what functions call to make whole pages zero. */
export const pageClearing: ReadonlySet<string> = new Set([
  "clear_page_sse2",
  "clear_page_hot",
  "clear_page_cold",
  "clear_page",
]);
