// What a file of Xen's source is to the hypervisor, by its name alone: code that an object may have,
// something that decides how objects are made, or something else that is installed beside it.

export type FileKind =
  | { readonly kind: "code" }
  | { readonly kind: "make-file" }
  /** What make runs or reads to generate source. */
  | { readonly kind: "generator" }
  /** What the settings are made from: Kconfig's language. */
  | { readonly kind: "configuration" }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "other-architecture" }
  | { readonly kind: "not-hypervisor"; readonly component: string };

/** `path` is below the source directory; `architecture` as in `xen/arch/`. */
export function kindOfFile(path: string, architecture: string): FileKind {
  const [, other] = /^xen\/(?:arch\/|include\/asm-)(x86|arm|riscv|ppc)\//.exec(path) ?? [];
  const isShared = path.startsWith("xen/include/public/");
  if (other !== undefined && other !== architecture && !isShared) {
    return { kind: "other-architecture" };
  }
  for (const { pattern, kind } of rules) if (pattern.test(path)) return kind;
  return { kind: "not-hypervisor", component: componentOf(path) };
}

/** Whether it decides what make does, or what source is generated; not what the settings are. */
export function isBuildRule(path: string): boolean {
  return isGenerator(path) || kindByRule(path) === "make-file";
}

export function isGenerator(path: string): boolean {
  return kindByRule(path) === "generator";
}

function kindByRule(path: string): FileKind["kind"] | undefined {
  return rules.find(({ pattern }) => pattern.test(path))?.kind.kind;
}

/** Which programs outside of the hypervisor are built from this file as well. */
export function alsoBuiltInto(path: string): string | undefined {
  return shared.find(({ pattern }) => pattern.test(path))?.programs;
}

const library = "programs that build domains, by libxenguest";

/** Xen 4.17: tools/libs/guest/Makefile.common, tools/libs/light, tools/tests, tools/fuzz. */
const shared: readonly { readonly pattern: RegExp; readonly programs: string }[] = [
  {
    pattern: /^xen\/include\/public\//,
    programs: "programs that are built with this public header",
  },
  {
    pattern: /^xen\/common\/libelf\/|^xen\/include\/xen\/(libelf|elfstructs)\.h$/,
    programs: library,
  },
  {
    pattern:
      /^xen\/common\/(bunzip2|un(lz4|lzma|lzo|xz|zstd)|decompress|xz\/.*|lz4\/.*|zstd\/.*)(\.[ch])?$/,
    programs: library,
  },
  { pattern: /^xen\/lib\/x86\/|^xen\/include\/xen\/lib\/x86\//, programs: `${library}, and tools` },
  {
    pattern: /^xen\/arch\/x86\/x86_emulate\//,
    programs: "Xen's own tests and fuzzers of the instruction emulator",
  },
];

const makeFile =
  /^xen\/(.*\/)?(Makefile(\.\w+)?|[\w-]+\.mk)$|^Config\.mk$|^config\/|^xen\/scripts\/Kbuild/;

/** The first rule that fits counts. */
const rules: readonly { readonly pattern: RegExp; readonly kind: FileKind }[] = [
  {
    pattern: /^xen\/test\//,
    kind: { kind: "not-hypervisor", component: "Xen's own live patch tests" },
  },
  {
    pattern: /^xen\/.*(\.lds\.S|\.lds|\.lds\.h)$/,
    kind: { kind: "refused", reason: "a linker script lays out the hypervisor when it is linked" },
  },
  {
    pattern: /^xen\/(.*\/)?Kconfig(\.\w+)?$|^xen\/arch\/\w+\/configs\//,
    kind: { kind: "configuration" },
  },
  { pattern: makeFile, kind: { kind: "make-file" } },
  {
    pattern: /^xen\/(tools|scripts)\/|^xen\/.*\.(py|awk|pl|sh|lst|in|l|y|flf)$/,
    kind: { kind: "generator" },
  },
  { pattern: /^xen\/.*\.(c|h|S|inc)$/, kind: { kind: "code" } },
  {
    pattern: /^xen\/.*\.(dts|dtsi|txt|md|rst|pandoc)$|^xen\/COPYING/,
    kind: { kind: "not-hypervisor", component: "documents" },
  },
  {
    pattern: /^xen\//,
    kind: { kind: "refused", reason: "its part in the hypervisor is not known" },
  },
];

const components: readonly { readonly pattern: RegExp; readonly name: string }[] = [
  { pattern: /^tools\/(ocaml\/xenstored|xenstored?|xenstore)\b/, name: "xenstored" },
  { pattern: /^tools\/firmware\//, name: "guest firmware (hvmloader and others)" },
  { pattern: /^tools\/(libs|include|xl|python|ocaml|misc|helpers)\//, name: "the toolstack" },
  { pattern: /^tools\//, name: "Xen's tools" },
  { pattern: /^stubdom\//, name: "stub domains" },
  { pattern: /^(docs|automation|m4|misc|debian|\.\w+)\//, name: "documents and packaging" },
];

function componentOf(path: string): string {
  return components.find(({ pattern }) => pattern.test(path))?.name ?? "documents and packaging";
}
