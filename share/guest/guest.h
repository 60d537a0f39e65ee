// SPDX-License-Identifier: Apache-2.0
//
// What a guest of the lab is written with: a virtual machine that is one C file. `main()` runs on the
// only processor, in the mode that it was compiled for, with interrupts off and no paging but (in 64-bit
// mode) the first GiB mapped as it lies. Its result is the guest's exit code.
//
//     #include "guest.h"
//     int main(void) { print("hello\n"); return 0; }
//
// What it prints and counts lies in its own memory, in the mailbox below, where whoever runs the guest
// reads it: src/guest/mailbox.ts has the same layout.

#ifndef XSPLICE_GUEST_H
#define XSPLICE_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MAILBOX_ADDRESS = 0x1000,
    TEXT_ADDRESS = 0x2000,
    TEXT_SIZE = 0x2000,
    IMAGE_ADDRESS = 0x4000,
    MAILBOX_MAGIC = 0x4b535058,     // "XPSK"
    LAB_TOKEN = 0x2142414c,         // "LAB!"
    EXIT_NO_LAB = 79,
};

struct mailbox {
    uint32_t magic;
    uint32_t finished;              // 1 when exit_code is set
    uint32_t exit_code;
    uint32_t written;               // bytes printed since the start; TEXT is a ring
    uint64_t count;                 // by count_once()
    uint64_t longest_gap;           // between two counts, in ticks of the time stamp counter
    uint64_t last_tick;
    uint32_t tick_khz;              // as Xen tells it
    uint32_t reset_gap;             // set by the host: begin again
    uint32_t lab_token;             // set by the host; without it the guest ends at once
};
#define mailbox ((volatile struct mailbox *)MAILBOX_ADDRESS)

// --- words ------------------------------------------------------------------------------------

void print(const char *text);
void print_hex(uint64_t value);
void print_number(uint64_t value);

// Ends the guest: its processor stops for good.
_Noreturn void finish(int exit_code);

// Lets time pass, with a way into the hypervisor and back in every round.
void wait_ms(unsigned milliseconds);

// What the hypervisor or the processor lacks, so that the guest cannot do what it is for.
_Noreturn void lacking(const char *what);
enum { EXIT_LACKING = 77 };

// --- the processor ----------------------------------------------------------------------------

struct cpuid { uint32_t a, b, c, d; };
struct cpuid cpuid(uint32_t leaf, uint32_t subleaf);
uint64_t read_msr(uint32_t index);
void write_msr(uint32_t index, uint64_t value);
// False when the processor raised an exception instead.
bool try_read_msr(uint32_t index, uint64_t *value);
bool try_write_msr(uint32_t index, uint64_t value);
uint64_t ticks(void);

static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile ("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile ("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void interrupts_on(void) { __asm__ volatile ("sti" : : : "memory"); }
static inline void interrupts_off(void) { __asm__ volatile ("cli" : : : "memory"); }
static inline void halt(void) { __asm__ volatile ("sti; hlt" : : : "memory"); }
static inline void relax(void) { __asm__ volatile ("pause" : : : "memory"); }

// --- interrupts -------------------------------------------------------------------------------

// How often a vector came; those from 32 on are acknowledged at the local APIC. An exception that
// nobody expects is printed, and ends the guest.
extern volatile uint32_t interrupts[256];

// The local APIC by its MSRs (x2APIC), enabled by software.
void apic_on(void);
uint32_t apic_read(uint32_t reg);       // offset, as 0x20 for the id
void apic_write(uint32_t reg, uint32_t value);

enum {
    APIC_ID = 0x20, APIC_EOI = 0xb0, APIC_SPURIOUS = 0xf0, APIC_ERROR_STATUS = 0x280,
    APIC_LVT_TIMER = 0x320, APIC_LVT_ERROR = 0x370, APIC_TIMER_COUNT = 0x380,
    APIC_TIMER_DIVIDE = 0x3e0, APIC_SELF_IPI = 0x3f0,
};

// --- the hypervisor ---------------------------------------------------------------------------

// The first of Xen's CPUID leaves; with the Viridian interface they are not at 0x40000000.
uint32_t xen_leaves(void);
// Through the hypercall page; three arguments are as many as any of ours needs.
long hypercall(uint32_t number, uintptr_t a, uintptr_t b, uintptr_t c);
enum { HYPERCALL_MEMORY_OP = 12, HYPERCALL_SCHED_OP = 29, HYPERCALL_HVM_OP = 34 };

// The Viridian interface: ends the guest as lacking when the hypervisor does not offer it.
void viridian_on(void);
enum {
    HV_GUEST_OS_ID = 0x40000000, HV_HYPERCALL = 0x40000001, HV_REFERENCE_TSC = 0x40000021,
    HV_SCONTROL = 0x40000080, HV_SIMP = 0x40000083, HV_SINT0 = 0x40000090,
    HV_STIMER0_CONFIG = 0x400000b0, HV_STIMER0_COUNT = 0x400000b1,
};

// --- counting ---------------------------------------------------------------------------------

// Says that the guest still runs, and notes how long it did not.
void count_once(void);

#endif
