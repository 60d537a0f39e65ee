// SPDX-License-Identifier: Apache-2.0
//
// Calls a hypercall in a loop on one CPU, as fast as it can, and counts its answers: does anybody ever
// see the unpatched one? atomic-run.ts changes what is patched meanwhile, from the other CPU.
//
//   atomic-loop FIRST SECOND UNPATCHED
//
// until its standard input ends. Prints its counts as a line of JSON over and over, and at the end.
// Numbers and layouts from xen/include/public (xen.h, version.h, sched.h).

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { XEN_VERSION = 17, EXTRAVERSION = 1, SCHED_OP = 29, PIN_OVERRIDE = 7 };
// IOCTL_PRIVCMD_HYPERCALL: _IOC(NONE, 'P', 0, sizeof(struct privcmd_call))
enum { PRIVCMD_HYPERCALL = 0x305000 };
enum { OTHERS_CPU = 0, OWN_CPU = 1, CALLS_PER_LINE = 500, PAGE = 4096 };

struct privcmd_call { uint64_t op, args[5]; };

static int privcmd;
static char *page;  // Xen faults nothing in, so it has to be there

static int fail(const char *what)
{
    fprintf(stderr, "atomic-loop: %s: %s\n", what, strerror(errno));
    return 1;
}

static int hypercall(uint64_t op, uint64_t first, uint64_t second)
{
    struct privcmd_call call = {op, {first, second}};
    return ioctl(privcmd, PRIVCMD_HYPERCALL, &call);
}

// This process on one of dom0's CPUs, and that one on the physical CPU of the same number.
static int pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set)) return -1;
    memcpy(page, &(int32_t){cpu}, sizeof(int32_t));
    return hypercall(SCHED_OP, PIN_OVERRIDE, (uintptr_t)page);
}

// Whoever started this changes what is patched: not from the CPU of the loop.
static int pin_parent(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(OTHERS_CPU, &set);
    return sched_setaffinity(getppid(), sizeof set, &set);
}

int main(int count, char **words)
{
    if (count != 4) return fail("needs three texts");
    privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    if (privcmd < 0) return fail("privcmd");
    int memory = open("/dev/xen/hypercall", O_RDWR | O_CLOEXEC);
    page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (page == MAP_FAILED) return fail("memory");
    if (pin_parent() || pin(OTHERS_CPU) || pin(OWN_CPU)) return fail("pinning to a CPU");

    uint64_t calls = 0, seen[3] = {0}, others = 0, changes = 0;
    int last = -1;
    struct pollfd input = {.fd = 0, .events = POLLIN};
    for (;;) {
        memset(page, 0, 64);
        if (hypercall(XEN_VERSION, EXTRAVERSION, (uintptr_t)page)) return fail("xen_version");
        int answer = 0;
        while (answer < 3 && strcmp(page, words[1 + answer])) answer++;
        if (answer < 3) seen[answer]++;
        else others++;
        changes += answer != last;
        last = answer;
        if (++calls % CALLS_PER_LINE) continue;
        printf("{\"calls\":%lu,\"first\":%lu,\"second\":%lu,\"unpatched\":%lu,\"others\":%lu,"
               "\"changes\":%lu}\n", calls, seen[0], seen[1], seen[2], others, changes);
        fflush(stdout);
        if (poll(&input, 1, 0) > 0) return 0;
    }
}
