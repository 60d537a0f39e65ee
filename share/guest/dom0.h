// SPDX-License-Identifier: Apache-2.0
//
// What a program for a lab's dom0 is written with: hypercalls with their memory. It runs in a lab and
// nowhere else; its first argument is the number of a guest that only counts.
//
//     #include "dom0.h"
//     int attack(int guest) { printf("%ld\ndone\n", hypercall(17, 0, 0, 0)); return 0; }

#ifndef XSPLICE_DOM0_H
#define XSPLICE_DOM0_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

int attack(int guest);

struct privcmd_call { uint64_t op, args[5]; };

// The hypervisor's answer: negative numbers are its errors.
static long hypercall(uint64_t op, uint64_t a, uint64_t b, uint64_t c)
{
    static int device = -1;
    if (device < 0) device = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    struct privcmd_call call = {op, {a, b, c}};
    if (device < 0) {
        // An error here is no answer of the hypervisor, which a trigger would judge.
        perror("/dev/xen/privcmd");
        exit(1);
    }
    long result = ioctl(device, 0x305000, &call);
    return result < 0 ? -errno : result;
}

// Zeroed memory that the hypervisor reaches, a page at least.
static void *shared_memory(size_t size)
{
    int device = open("/dev/xen/hypercall", O_RDWR | O_CLOEXEC);
    void *memory = mmap(NULL, (size + 4095) & ~4095ul, PROT_READ | PROT_WRITE, MAP_SHARED, device, 0);
    if (memory == MAP_FAILED) {
        perror("/dev/xen/hypercall");
        exit(1);
    }
    close(device);
    memset(memory, 0, size);
    return memory;
}

// dm_op, by which a device model acts for its guest.
struct dm_buffer { uint64_t address, size; };
enum { HYPERCALL_DM_OP = 41 };

// Only the kernel of a lab was started with these words.
static void require_lab(void)
{
    char words[4096] = "";
    int file = open("/proc/cmdline", O_RDONLY);
    if (file >= 0 && read(file, words, sizeof words - 1) > 0 && strstr(words, "xsplice.images=")) return;
    fprintf(stderr, "this is no lab of xsplice: refused\n");
    exit(79);
}

int main(int argc, char **argv)
{
    require_lab();
    (void)hypercall;
    (void)shared_memory;
    setvbuf(stdout, NULL, _IONBF, 0);
    return attack(argc > 1 ? atoi(argv[1]) : 0);
}

#endif
