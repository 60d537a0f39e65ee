// SPDX-License-Identifier: Apache-2.0
// XSA-462, CVE-2024-45817. The local APIC shall report its errors by a vector that is itself an error:
// the report of one takes a lock, and the report of the report waits for it.

#include "guest.h"

enum { ILLEGAL_VECTOR = 5 };

int main(void)
{
    apic_on();
    apic_write(APIC_LVT_ERROR, ILLEGAL_VECTOR);
    print("an error about an error\n");
    apic_write(APIC_SELF_IPI, 0);               // as illegal
    wait_ms(20);
    print("done\n");
    return 0;
}
