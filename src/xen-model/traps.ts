// Payloads that kill a hypervisor: ABI reference §8.2, and what its descriptions of the loader
// imply. Xen checks none of this. Ids are stable.

export const traps = {
  "section-not-loaded": "a section that Xen reads by name is not SHF_ALLOC, so it has no address",
  "zero-alignment": "a section with alignment 0 makes placement start over at offset 0",
  "empty-metadata": "an empty .modinfo makes Xen read 4 GiB past it",
  "null-symbol": "a relocation against symbol 0, which old releases follow",
  "null-section": "a link to section 0, whose header Xen does not have",
  "section-size-wraps": "offset and size of a section overflow 64 bits, and pass the range check",
  "read-only-functions": "Xen keeps state in .livepatch.funcs, which is read-only here",
  "alternatives-with-ibt": "alternatives of a payload touch freed memory on hosts with IBT",
  "alternatives-check": "Xen treats bad alternatives as a bug in Xen",
  "alternatives-outside":
    "an alternative leads out of the payload, to memory that Xen cannot touch",
  "alternatives-length": "on Arm, a replacement must be as long as the original",
  "altcall-through-init":
    "an indirect call that Xen makes direct goes through memory that was freed after boot",
  "nop-over-endbr": "fewer than 4 bytes of NOPs at an ENDBR64 wrap around to 4 GiB",
  "init-memory": "the address is in memory that was freed after boot",
  "unmapped-memory": "nothing is mapped at the address",
  "write-protected": "the place to be patched is not writable while Xen patches",
  "inconsistent-hook": "a hook says one thing, and leaves the payload's functions in another state",
  "outside-image": "on Arm only code inside the hypervisor's image can be patched",
} as const satisfies Record<string, string>;

export type TrapId = keyof typeof traps;
