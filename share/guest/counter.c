// SPDX-License-Identifier: Apache-2.0
// A guest like a customer's: it does a little each time its timer wakes it, and sleeps in between.

#include "guest.h"

enum { VECTOR = 0x40, PERIODIC = 1 << 17, PERIOD_US = 2000 };

int main(void)
{
    apic_on();
    apic_write(APIC_TIMER_DIVIDE, 0xb);     // by 1: Xen's bus runs at 100 MHz
    apic_write(APIC_LVT_TIMER, VECTOR | PERIODIC);
    apic_write(APIC_TIMER_COUNT, PERIOD_US * 100);
    for (;;) {
        count_once();
        halt();
    }
}
