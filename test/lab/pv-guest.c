// SPDX-License-Identifier: Apache-2.0
// A guest of the kind PV: writes a line to its console, waits until it was read, and asks to be switched
// off. Linked at 4 MiB; its memory begins at virtual address 0.

#include <stdint.h>

// Notes of xen/include/public/elfnote.h.
__asm__ (
    ".pushsection .note.Xen, \"a\", @note\n"
    ".macro xen_text type, value\n"
    "    .balign 4\n    .long 4, 2f - 1f, \\type\n    .asciz \"Xen\"\n1:  .asciz \"\\value\"\n2:\n"
    ".endm\n"
    ".macro xen_number type, value\n"
    "    .balign 4\n    .long 4, 8, \\type\n    .asciz \"Xen\"\n    .quad \\value\n"
    ".endm\n"
    "xen_text 6, \"test\"\n"        // GUEST_OS
    "xen_text 5, \"xen-3.0\"\n"     // XEN_VERSION
    "xen_text 8, \"generic\"\n"     // LOADER
    "xen_text 9, \"yes\"\n"         // PAE_MODE
    "xen_number 3, 0\n"             // VIRT_BASE
    "xen_number 15, 0\n"            // PADDR_OFFSET
    "xen_number 1, _start\n"        // ENTRY
    ".popsection\n"
    ".globl _start\n_start:\n    movq %rsi, %rdi\n    call run\n");

enum { EVENT_CHANNEL_OP = 32, SEND = 4, SCHED_OP = 29, YIELD = 0, SHUTDOWN = 2 };
static const uint64_t *const frames_of_machine = (const uint64_t *)0xffff800000000000;

static long hypercall(uint64_t number, uint64_t a, const void *b)
{
    long result;
    __asm__ volatile ("syscall" : "=a"(result), "+D"(a), "+S"(b) : "a"(number) : "rcx", "r11", "memory");
    return result;
}

void run(const uint8_t *start)
{
    static const char line[] = "hello from pv\n";
    static uint32_t port, reason;
    uint64_t frame = frames_of_machine[*(const uint64_t *)(start + 72)];
    volatile uint8_t *ring = (volatile uint8_t *)(frame * 4096);
    volatile uint32_t *taken = (volatile uint32_t *)(ring + 3080), *given = taken + 1;
    port = *(const uint32_t *)(start + 80);
    for (unsigned i = 0; i < sizeof line - 1; i++) ring[1024 + *given + i] = line[i];
    *given += sizeof line - 1;
    hypercall(EVENT_CHANNEL_OP, SEND, &port);
    while (*taken != *given) hypercall(SCHED_OP, YIELD, 0);
    for (;;) hypercall(SCHED_OP, SHUTDOWN, &reason);
}
