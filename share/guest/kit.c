// SPDX-License-Identifier: Apache-2.0
// The part of guest.h that is code.

#include "guest.h"

#ifndef BITS
#error "BITS is 16, 32 or 64"
#endif

volatile uint32_t interrupts[256];

// --- words ------------------------------------------------------------------------------------

void print(const char *text)
{
    volatile char *ring = (volatile char *)TEXT_ADDRESS;
    for (; *text; text++) {
        ring[mailbox->written % TEXT_SIZE] = *text;
        mailbox->written++;
    }
}

static void print_in(uint64_t value, unsigned base)
{
    char digits[24], *at = digits + sizeof digits - 1;
    *at = 0;
    // No division of 64 by 64 bits: its code would lie in a library.
    do {
        uint32_t parts[2] = {value >> 32, value}, rest = 0;
        for (int i = 0; i < 2; i++) {
            uint32_t quotient = 0;
            for (int bit = 31; bit >= 0; bit--) {
                rest = rest << 1 | (parts[i] >> bit & 1);
                quotient <<= 1;
                if (rest >= base) {
                    rest -= base;
                    quotient |= 1;
                }
            }
            parts[i] = quotient;
        }
        *--at = "0123456789abcdef"[rest];
        value = (uint64_t)parts[0] << 32 | parts[1];
    } while (value);
    print(at);
}

void print_hex(uint64_t value) { print("0x"); print_in(value, 16); }
void print_number(uint64_t value) { print_in(value, 10); }

_Noreturn void finish(int exit_code)
{
    mailbox->exit_code = exit_code;
    mailbox->finished = 1;
    for (;;) __asm__ volatile ("cli; hlt" : : : "memory");
}

_Noreturn void lacking(const char *what)
{
    print("lacks: ");
    print(what);
    print("\n");
    finish(EXIT_LACKING);
}

// --- the processor ----------------------------------------------------------------------------

struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid r;
    __asm__ volatile ("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(subleaf));
    return r;
}

uint64_t ticks(void)
{
    uint32_t low, high;
    __asm__ volatile ("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

// Where on_interrupt() goes on instead, when the next instruction faults; 0 for nowhere.
static volatile uintptr_t instead;

#if BITS == 64
#define SET_INSTEAD "leaq 9f(%%rip), %%r11; movq %%r11, %[instead];"
#define CLEAR_INSTEAD "movq $0, %[instead];"
#define SCRATCH "r11"
#else
#define SET_INSTEAD "movl $9f, %[instead];"
#define CLEAR_INSTEAD "movl $0, %[instead];"
#define SCRATCH "cc"
#endif

bool try_read_msr(uint32_t index, uint64_t *value)
{
    uint32_t low = 0, high = 0;
    uint8_t done = 0;
    __asm__ volatile (SET_INSTEAD "rdmsr; movb $1, %[done]; 9:" CLEAR_INSTEAD
                      : "=&a"(low), "=&d"(high), [done] "+m"(done), [instead] "=m"(instead)
                      : "c"(index) : "memory", SCRATCH);
    *value = (uint64_t)high << 32 | low;
    return done;
}

bool try_write_msr(uint32_t index, uint64_t value)
{
    uint8_t done = 0;
    __asm__ volatile (SET_INSTEAD "wrmsr; movb $1, %[done]; 9:" CLEAR_INSTEAD
                      : [done] "+m"(done), [instead] "=m"(instead)
                      : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                      : "memory", SCRATCH);
    return done;
}

uint64_t read_msr(uint32_t index)
{
    uint32_t low, high;
    __asm__ volatile ("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
    return (uint64_t)high << 32 | low;
}

void write_msr(uint32_t index, uint64_t value)
{
    __asm__ volatile ("wrmsr" : : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                      : "memory");
}

// --- interrupts -------------------------------------------------------------------------------

#if BITS == 32
struct frame { uint32_t saved[8], vector, error, ip, cs, flags; };
struct gate { uint16_t low, selector, kind, high; };
static struct gate make_gate(uintptr_t to) { return (struct gate){to, 8, 0x8e00, to >> 16}; }
#elif BITS == 64
struct frame { uint64_t saved[15], vector, error, ip, cs, flags, sp, ss; };
struct gate { uint16_t low, selector, kind, middle; uint32_t high, zero; };
static struct gate make_gate(uintptr_t to)
{
    return (struct gate){to, 24, 0x8e00, to >> 16, to >> 32, 0};
}
#endif

#if BITS != 16
extern const char interrupt_stubs[];
static struct gate gates[256];

void on_interrupt(struct frame *f)
{
    interrupts[f->vector]++;
    if (f->vector >= 32) {
        apic_write(APIC_EOI, 0);
        return;
    }
    if (instead) {
        f->ip = instead;
        instead = 0;
        return;
    }
    print("exception ");
    print_number(f->vector);
    print(" at ");
    print_hex(f->ip);
    print(", error code ");
    print_hex(f->error);
    print("\n");
    finish(78);
}

static void load_gates(void)
{
    // A stub is never longer than 16 bytes, and each begins at a multiple of it.
    for (int i = 0; i < 256; i++) gates[i] = make_gate((uintptr_t)interrupt_stubs + 16 * i);
    struct __attribute__((packed)) { uint16_t limit; uintptr_t base; } pointer;
    pointer.limit = sizeof gates - 1;
    pointer.base = (uintptr_t)gates;
    __asm__ volatile ("lidt %0" : : "m"(pointer));
}
#endif

void apic_on(void)
{
    uint64_t base = 0;
    if (!try_read_msr(0x1b, &base) || !try_write_msr(0x1b, base | 0xc00))
        lacking("a local APIC with x2APIC");
    apic_write(APIC_SPURIOUS, 0x1ff);
}

uint32_t apic_read(uint32_t reg) { return read_msr(0x800 + (reg >> 4)); }
void apic_write(uint32_t reg, uint32_t value) { write_msr(0x800 + (reg >> 4), value); }

// --- the hypervisor ---------------------------------------------------------------------------

uint32_t xen_leaves(void)
{
    for (uint32_t base = 0x40000000; base < 0x40010000; base += 0x100) {
        struct cpuid r = cpuid(base, 0);
        if (r.b == 0x566e6558 && r.c == 0x65584d4d && r.d == 0x4d4d566e) return base;   // XenVMMXenVMM
    }
    lacking("Xen's CPUID leaves");
}

void viridian_on(void)
{
    struct cpuid r = cpuid(0x40000000, 0);
    if (r.b != 0x7263694d || r.c != 0x666f736f || r.d != 0x76482074)     // Microsoft Hv
        lacking("the Viridian interface");
    write_msr(HV_GUEST_OS_ID, 1);
}

#if BITS != 16
static char __attribute__((aligned(4096))) hypercall_page[4096];

long hypercall(uint32_t number, uintptr_t a, uintptr_t b, uintptr_t c)
{
    static bool ready;
    if (!ready) {
        struct cpuid r = cpuid(xen_leaves() + 2, 0);
        write_msr(r.b, (uintptr_t)hypercall_page);
        ready = true;
    }
    long result;
    const char *entry = hypercall_page + 32 * number;
#if BITS == 64
    __asm__ volatile ("call *%[entry]"
                      : "=a"(result), "+D"(a), "+S"(b), "+d"(c) : [entry] "r"(entry)
                      : "memory", "rcx", "r8", "r9", "r10", "r11");
#else
    __asm__ volatile ("call *%[entry]"
                      : "=a"(result), "+b"(a), "+c"(b), "+d"(c) : [entry] "S"(entry) : "memory");
#endif
    return result;
}
#endif

void wait_ms(unsigned milliseconds)
{
    uint64_t start = ticks(), wanted = (uint64_t)milliseconds * mailbox->tick_khz;
    while (ticks() - start < wanted) cpuid(0, 0);
}

// --- counting ---------------------------------------------------------------------------------

void count_once(void)
{
    uint64_t now = ticks(), gap = now - mailbox->last_tick;
    if (mailbox->reset_gap) {
        mailbox->reset_gap = 0;
        mailbox->longest_gap = 0;
    } else if (mailbox->last_tick && gap > mailbox->longest_gap) {
        mailbox->longest_gap = gap;
    }
    mailbox->last_tick = now;
    mailbox->count++;
}

void kit_begin(void)
{
    mailbox->magic = MAILBOX_MAGIC;
    // Some guests take a hypervisor down, to show that they can. Only a lab says that it is one.
    if (mailbox->lab_token != LAB_TOKEN) {
        print("this is no lab of xsplice: refused\n");
        finish(EXIT_NO_LAB);
    }
#if BITS != 16
    load_gates();
#endif
    mailbox->tick_khz = cpuid(xen_leaves() + 3, 0).c;
}
