// SPDX-License-Identifier: Apache-2.0
//
// The agent: makes hypercalls, reads and writes files and the memory of guests, and runs commands in a dom0
// for a client elsewhere. It speaks the protocol of src/agent/wire.ts over a virtio-serial port, or over standard input and output.
//
//   agent /dev/vport0p1     a port: waits for it to appear, outlives its clients
//   agent -                 standard input and output: ends with its client
//
// One process, one poll() loop, bounded buffers. A client that does not read, a command that does
// not read and a command that prints without end hold up nobody but themselves: see CREDIT.
// Build: gcc -Os -static agent.c -o agent

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the protocol is little-endian");

enum { PROTOCOL_VERSION = 4 };
enum { ESCAPE = 0xf5, ESCAPED = 0, BEGIN = 1 };
enum { FRAME_LENGTH_MAX = 4 << 20, FRAME_LENGTH_MIN = 5, FRAME_HEADER = 9 };
enum { WINDOW = 256 << 10, PROCESS_MAX = 64, ARGUMENT_MAX = 1024, POINTER_MAX = 1024 };
enum { SLOT_MAX = 2 * PROCESS_MAX };    // as many again may be dying
enum { OUTPUT_HIGH = 512 << 10, CHUNK = 32 << 10, PORT_WAIT_MS = 60000 };
enum { RECONNECT_MS = 10, ABSENT_MS_MAX = 1000 };
enum { HELLO = 1, HYPERCALL, RESULT, EXEC, STDIN, STDOUT, STDERR, EXIT, KILL, ERROR, CREDIT, GUEST, FILE_READ, FILE_WRITE, AT_END };
enum { GUEST_BYTES_MAX = 1 << 20, PAGE = 4096 };
enum { WISH_MAX = 64, WISH_BYTES_MAX = 4096, WISH_CALLS_MAX = 100000 };
enum { FILE_BYTES_MAX = 2 << 20, PATH_BYTES_MAX = 1024 };

// IOCTL_PRIVCMD_HYPERCALL: _IOC(NONE, 'P', 0, sizeof(struct privcmd_call))
enum { PRIVCMD_HYPERCALL = 0x305000 };
struct privcmd_call { uint64_t op, args[5]; };
_Static_assert(sizeof(struct privcmd_call) == 48, "as the kernel has it");

// IOCTL_PRIVCMD_MMAPBATCH_V2: _IOC(NONE, 'P', 4, sizeof(struct privcmd_batch))
enum { PRIVCMD_MMAPBATCH_V2 = 0x205004 };
struct privcmd_batch { uint32_t count; uint16_t domain; uint64_t address, *frames; int *errors; };
_Static_assert(sizeof(struct privcmd_batch) == 32, "as the kernel has it");

struct bytes { uint8_t *data; size_t start, end, capacity; };

// It is reaped when it is forgotten, and not before: until then nobody else gets its number, which
// is that of its group too, and a signal can hit no other.
struct process {
    bool used, exited, input_ending;
    bool forgotten;         // was killed, and has not ended yet: nothing but `pid` counts
    uint32_t channel;
    pid_t pid;
    int32_t status;         // as EXIT tells it, once it has exited
    int input;              // -1 once closed, as the two below
    int output[2];          // standard output, standard error
    uint32_t credit[2];     // what the client still takes of each
    struct bytes pending;   // for the standard input, WINDOW bytes at most
};

static struct bytes received, queued;
static struct process processes[SLOT_MAX];
static bool in_step;        // a client began, and all of its frames made sense
static bool escaping;       // the last byte that came was ESCAPE

// --- bytes ---------------------------------------------------------------------------------

static void die(const char *what)
{
    fprintf(stderr, "agent: %s: %s\n", what, strerror(errno));
    exit(1);
}

static size_t held(const struct bytes *b) { return b->end - b->start; }

static void reserve(struct bytes *b, size_t count)
{
    if (b->start) {
        memmove(b->data, b->data + b->start, held(b));
        b->end -= b->start;
        b->start = 0;
    }
    if (b->end + count <= b->capacity) return;
    b->capacity = b->end + count;
    b->data = realloc(b->data, b->capacity);
    if (!b->data) die("memory");
}

static void append(struct bytes *b, const void *data, size_t count)
{
    if (b->end + count > b->capacity) reserve(b, count);
    if (count) memcpy(b->data + b->end, data, count);
    b->end += count;
}

static void release(struct bytes *b)
{
    free(b->data);
    *b = (struct bytes){0};
}

static uint32_t u32_at(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return v; }
static uint64_t u64_at(const uint8_t *p) { uint64_t v; memcpy(&v, p, 8); return v; }

// --- frames to the client ------------------------------------------------------------------

static void send_frame(uint32_t channel, uint8_t type, const void *payload, size_t count)
{
    uint32_t length = FRAME_LENGTH_MIN + count;
    append(&queued, &length, 4);
    append(&queued, &channel, 4);
    append(&queued, &type, 1);
    append(&queued, payload, count);
}

static void send_error(uint32_t channel, const char *text, int error)
{
    char line[256];
    int length = error ? snprintf(line, sizeof line, "%s: %s", text, strerror(error))
                       : snprintf(line, sizeof line, "%s", text);
    send_frame(channel, ERROR, line, length < (int)sizeof line ? length : (int)sizeof line - 1);
}

// For who has no answer of its own.
static int64_t refuse(uint32_t channel, const char *text, int error)
{
    send_error(channel, text, error);
    return 0;
}

static void send_credit(uint32_t channel, uint32_t count)
{
    uint8_t payload[5] = {STDIN};
    memcpy(payload + 1, &count, 4);
    send_frame(channel, CREDIT, payload, sizeof payload);
}

static void send_result(uint32_t channel, int64_t result, const void *output, size_t count)
{
    uint32_t length = FRAME_LENGTH_MIN + 8 + count;
    uint8_t type = RESULT;
    append(&queued, &length, 4);
    append(&queued, &channel, 4);
    append(&queued, &type, 1);
    append(&queued, &result, 8);
    append(&queued, output, count);
}

// --- hypercalls ----------------------------------------------------------------------------

static int privcmd = -1;
static uint8_t *resident;   // memory that the kernel never pages out: Xen faults nothing in
static size_t resident_size;

// Not before the first call: the module may be loaded later than the agent.
static bool open_privcmd(void)
{
    if (privcmd < 0) privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    return privcmd >= 0;
}

// Grows when a call needs more; what it held is not needed any longer.
static bool hold_resident(size_t size)
{
    if (size <= resident_size) return true;
    size = (size + 4095) & ~(size_t)4095;
    int device = open("/dev/xen/hypercall", O_RDWR | O_CLOEXEC);
    void *memory = device >= 0
        ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, device, 0)
        : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
    if (device >= 0) close(device);
    if (memory == MAP_FAILED) return false;
    madvise(memory, size, MADV_DONTFORK);
    memset(memory, 0, size);
    if (resident) munmap(resident, resident_size);
    resident = memory;
    resident_size = size;
    return true;
}

// Xen's answer, or 0 where there was no call and the client was told why.
static int64_t do_hypercall(uint32_t channel, const uint8_t *payload, size_t count)
{
    enum { OP = 0, ARGS = 8, MASK = 48, OUTPUT = 49, POINTERS = 53, FIXED = 57 };
    if (count < FIXED) return refuse(channel, "HYPERCALL is cut short", 0);
    uint32_t outputs = u32_at(payload + OUTPUT), pointers = u32_at(payload + POINTERS);
    if (pointers > POINTER_MAX || count < FIXED + 8 * (size_t)pointers)
        return refuse(channel, "HYPERCALL has fewer pointers than it says", 0);
    const uint8_t *table = payload + FIXED, *arena = table + 8 * (size_t)pointers;
    size_t size = payload + count - arena;
    if (outputs > size || payload[MASK] > 31)
        return refuse(channel, "HYPERCALL wants more than its arena", 0);

    if (!open_privcmd()) return refuse(channel, "/dev/xen/privcmd", errno);
    if (!hold_resident(size)) return refuse(channel, "memory for hypercalls", errno);
    if (size) memcpy(resident, arena, size);
    for (uint32_t i = 0; i < pointers; i++) {
        uint32_t at = u32_at(table + 8 * (size_t)i), target = u32_at(table + 8 * (size_t)i + 4);
        if (size < 8 || at > size - 8 || target > size)
            return refuse(channel, "HYPERCALL has a pointer outside its arena", 0);
        uint64_t address = (uintptr_t)resident + target;
        memcpy(resident + at, &address, 8);
    }
    struct privcmd_call call = {.op = u64_at(payload + OP)};
    for (int i = 0; i < 5; i++) {
        call.args[i] = u64_at(payload + ARGS + 8 * i);
        if (!(payload[MASK] >> i & 1)) continue;
        if (call.args[i] > size)
            return refuse(channel, "HYPERCALL has an argument outside its arena", 0);
        call.args[i] += (uintptr_t)resident;
    }
    int64_t result = ioctl(privcmd, PRIVCMD_HYPERCALL, &call);
    if (result < 0) result = -errno;

    send_result(channel, result, resident, outputs);
    return result;
}

// --- what a client leaves to be done -------------------------------------------------------------
//
// A client that is killed cannot end what it began: what it names here is done when its session is over.

static struct wish { bool used; uint32_t key; struct bytes call; } wishes[WISH_MAX];

static void forget_wish(struct wish *w)
{
    release(&w->call);
    w->used = false;
}

static void do_at_end(uint32_t channel, const uint8_t *payload, size_t count)
{
    struct wish *free_one = NULL;
    if (count < 4 || count > WISH_BYTES_MAX) return send_error(channel, "AT_END without a key, or too long", 0);
    for (struct wish *w = wishes; w < wishes + WISH_MAX; w++) {
        if (w->used && w->key == u32_at(payload)) forget_wish(w);
        if (!w->used) free_one = w;
    }
    if (count > 4 && !free_one) return send_error(channel, "too many wishes for the end", 0);
    if (count > 4) {
        free_one->used = true;
        free_one->key = u32_at(payload);
        append(&free_one->call, payload + 4, count - 4);
    }
    send_result(channel, 0, NULL, 0);
}

// Xen asks to be called again where a call takes long. Nobody reads what is answered.
static void fulfil_wishes(void)
{
    for (struct wish *w = wishes; w < wishes + WISH_MAX; w++) {
        if (!w->used) continue;
        int64_t result = -EAGAIN;
        for (int calls = 0; calls < WISH_CALLS_MAX && (result == -EAGAIN || result == -ERESTART); calls++) {
            result = do_hypercall(0, w->call.data, held(&w->call));
            queued.start = queued.end = 0;
        }
        forget_wish(w);
    }
}

// --- memory of other domains ----------------------------------------------------------------

// All pages of the guest from `first` on, or why not; `*error` is positive.
static uint8_t *map_guest(uint16_t domain, uint64_t first, size_t pages, int *error)
{
    static uint64_t frames[GUEST_BYTES_MAX / PAGE + 1];
    static int errors[GUEST_BYTES_MAX / PAGE + 1];
    void *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, privcmd, 0);
    *error = memory == MAP_FAILED ? errno : 0;
    if (*error) return NULL;
    for (size_t i = 0; i < pages; i++) frames[i] = first + i;
    memset(errors, 0, sizeof errors);
    struct privcmd_batch batch = {pages, domain, (uintptr_t)memory, frames, errors};
    if (ioctl(privcmd, PRIVCMD_MMAPBATCH_V2, &batch) < 0) *error = errno;
    for (size_t i = 0; i < pages && !*error; i++) *error = -errors[i];
    if (!*error) return memory;
    munmap(memory, pages * PAGE);
    return NULL;
}

static void do_guest(uint32_t channel, const uint8_t *payload, size_t count)
{
    enum { ADDRESS = 0, DOMAIN = 8, LENGTH = 10, FIXED = 14 };
    if (count < FIXED) return send_error(channel, "GUEST is cut short", 0);
    uint64_t address = u64_at(payload + ADDRESS);
    uint32_t length = u32_at(payload + LENGTH);
    size_t written = count - FIXED, size = written ? written : length;
    if (size < 1 || size > GUEST_BYTES_MAX || (written && length))
        return send_error(channel, "GUEST wants no bytes or too many", 0);
    if (!open_privcmd()) return send_error(channel, "/dev/xen/privcmd", errno);
    uint16_t domain = payload[DOMAIN] | payload[DOMAIN + 1] << 8;
    size_t offset = address % PAGE, pages = (offset + size + PAGE - 1) / PAGE;
    int error;
    uint8_t *memory = map_guest(domain, address / PAGE, pages, &error);
    if (!memory) return send_result(channel, -error, NULL, 0);
    if (written) memcpy(memory + offset, payload + FIXED, size);
    send_result(channel, 0, memory + offset, written ? 0 : size);
    munmap(memory, pages * PAGE);
}

// --- files -----------------------------------------------------------------------------------
//
// A process for each look at a file costs more than all the rest of an action.

static bool path_of(char *path, const uint8_t *text, size_t count)
{
    if (count < 1 || count > PATH_BYTES_MAX || memchr(text, 0, count)) return false;
    memcpy(path, text, count);
    path[count] = 0;
    return path[0] == '/';
}

// Files of /proc have no size of their own, so it is read to its end. 0, or a positive error.
static int read_to_end(int fd, uint8_t *into, size_t *count)
{
    for (*count = 0;;) {
        ssize_t more = read(fd, into + *count, FILE_BYTES_MAX + 1 - *count);
        if (more < 0 && errno == EINTR) continue;
        if (more <= 0) return more < 0 ? errno : 0;
        *count += more;
        if (*count > FILE_BYTES_MAX) return EFBIG;
    }
}

static void do_file_read(uint32_t channel, const uint8_t *payload, size_t count)
{
    static uint8_t content[FILE_BYTES_MAX + 1];
    char path[PATH_BYTES_MAX + 1];
    if (!path_of(path, payload, count)) return send_error(channel, "FILE_READ without a path", 0);
    // A pipe must not hold us up.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int error = fd < 0 ? errno : 0;
    size_t size = 0;
    struct stat status;
    if (!error && fstat(fd, &status)) error = errno;
    if (!error && !S_ISREG(status.st_mode)) error = EINVAL;
    if (!error) error = read_to_end(fd, content, &size);
    if (fd >= 0) close(fd);
    send_result(channel, -error, content, error ? 0 : size);
}

static int write_to_end(int fd, const uint8_t *data, size_t count)
{
    while (count) {
        ssize_t done = write(fd, data, count);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return errno;
        data += done;
        count -= done;
    }
    return fsync(fd) ? errno : 0;
}

// Whole, or not at all: it is on the disk under another name before it gets its own.
static int write_file(const char *path, const uint8_t *data, size_t count)
{
    char folder[PATH_BYTES_MAX + 1], beside[PATH_BYTES_MAX + 16];
    strcpy(folder, path);
    *strrchr(folder, '/') = 0;
    if (*folder && mkdir(folder, 0700) && errno != EEXIST) return errno;
    snprintf(beside, sizeof beside, "%s.%ld", path, (long)getpid());
    unlink(beside);
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return errno;
    int error = write_to_end(fd, data, count);
    if (close(fd) && !error) error = errno;
    if (!error && rename(beside, path)) error = errno;
    if (error) {
        unlink(beside);
        return error;
    }
    fd = open(*folder ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return errno;
    error = fsync(fd) ? errno : 0;
    close(fd);
    return error;
}

static void do_file_write(uint32_t channel, const uint8_t *payload, size_t count)
{
    char path[PATH_BYTES_MAX + 1];
    size_t length = count >= 4 ? u32_at(payload) : 0;
    if (count < 4 || length > count - 4 || !path_of(path, payload + 4, length))
        return send_error(channel, "FILE_WRITE without a path", 0);
    const uint8_t *data = payload + 4 + length;
    send_result(channel, -write_file(path, data, count - 4 - length), NULL, 0);
}

// --- processes -----------------------------------------------------------------------------

static void close_once(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static struct process *process_of(uint32_t channel)
{
    for (struct process *p = processes; p < processes + SLOT_MAX; p++)
        if (p->used && !p->forgotten && p->channel == channel) return p;
    return NULL;
}

static void forget(struct process *p)
{
    close_once(&p->input);
    close_once(&p->output[0]);
    close_once(&p->output[1]);
    release(&p->pending);
    p->forgotten = true;
    if (!p->exited) return;     // notice_ends() reaps it
    waitpid(p->pid, NULL, 0);
    p->used = false;
}

static void forget_all(void)
{
    for (struct process *p = processes; p < processes + SLOT_MAX; p++) {
        if (!p->used || p->forgotten) continue;
        kill(-p->pid, SIGKILL);
        forget(p);
    }
}

// Standard error gets what a shell would say, and EXIT its 127.
static void report_unstarted(uint32_t channel, const char *name, int error)
{
    char line[256];
    int32_t status = 127;
    int length = snprintf(line, sizeof line, "%.180s: %s\n", name, strerror(error));
    send_frame(channel, STDERR, line, length);
    send_frame(channel, STDOUT, NULL, 0);
    send_frame(channel, STDERR, NULL, 0);
    send_frame(channel, EXIT, &status, 4);
}

// A process group of its own, default signals, and the three pipes.
static int start(struct process *p, char **argv)
{
    int ends[3][2], made = 0;
    while (made < 3 && pipe2(ends[made], O_CLOEXEC) == 0) made++;
    int error = made < 3 ? errno : 0;
    if (!error) {
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none, ignored;
        sigemptyset(&none);
        sigemptyset(&ignored);
        sigaddset(&ignored, SIGPIPE);
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[0][0], 0);
        posix_spawn_file_actions_adddup2(&actions, ends[1][1], 1);
        posix_spawn_file_actions_adddup2(&actions, ends[2][1], 2);
        posix_spawnattr_init(&attributes);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &ignored);
        posix_spawnattr_setpgroup(&attributes, 0);
        posix_spawnattr_setflags(&attributes,
            POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        error = posix_spawnp(&p->pid, argv[0], &actions, &attributes, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
    for (int i = 0; i < made; i++) {
        int ours = i == 0;
        if (error) close(ends[i][ours]);
        else fcntl(ends[i][ours], F_SETFL, O_NONBLOCK);
        close(ends[i][!ours]);
    }
    if (!error) {
        p->input = ends[0][1];
        p->output[0] = ends[1][0];
        p->output[1] = ends[2][0];
    }
    return error;
}

static void do_exec(uint32_t channel, const uint8_t *payload, size_t count)
{
    static char *argv[ARGUMENT_MAX + 1];
    uint32_t argc = count >= 4 ? u32_at(payload) : 0;
    const char *text = (const char *)payload + 4, *end = (const char *)payload + count;
    if (argc < 1 || argc > ARGUMENT_MAX)
        return send_error(channel, "EXEC has no arguments or too many", 0);
    for (uint32_t i = 0; i < argc; i++) {
        const char *zero = text < end ? memchr(text, 0, end - text) : NULL;
        if (!zero) return send_error(channel, "EXEC has fewer arguments than it says", 0);
        argv[i] = (char *)text;
        text = zero + 1;
    }
    argv[argc] = NULL;
    if (process_of(channel)) return send_error(channel, "EXEC on a channel in use", 0);
    int running = 0;
    struct process *p = NULL;
    for (struct process *slot = processes; slot < processes + SLOT_MAX; slot++) {
        if (!slot->used) p = slot;
        else if (!slot->forgotten) running++;
    }
    if (!p || running == PROCESS_MAX) return send_error(channel, "too many processes", 0);
    *p = (struct process){.channel = channel, .credit = {WINDOW, WINDOW}};
    int error = start(p, argv);
    if (error) return report_unstarted(channel, argv[0], error);
    p->used = true;
}

static void do_input(struct process *p, const uint8_t *data, size_t count)
{
    if (held(&p->pending) + count > WINDOW)
        return send_error(p->channel, "STDIN beyond its credit", 0);
    if (!count) p->input_ending = true;
    else if (p->input < 0) send_credit(p->channel, count);
    else append(&p->pending, data, count);
    if (p->input_ending && !held(&p->pending)) close_once(&p->input);
}

// The command takes what it can; what it will never take is thrown away, as a pipe does.
static void feed(struct process *p)
{
    ssize_t count = write(p->input, p->pending.data + p->pending.start, held(&p->pending));
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count < 0) {
        count = held(&p->pending);
        p->input_ending = true;
    }
    p->pending.start += count;
    send_credit(p->channel, count);
    if (p->input_ending && !held(&p->pending)) close_once(&p->input);
}

static void drain(struct process *p, int which)
{
    uint8_t chunk[CHUNK];
    size_t room = p->credit[which] < CHUNK ? p->credit[which] : CHUNK;
    ssize_t count = read(p->output[which], chunk, room);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) close_once(&p->output[which]);
    else p->credit[which] -= count;
    send_frame(p->channel, which ? STDERR : STDOUT, chunk, count > 0 ? count : 0);
}

// EXIT is the last word: the process is gone and all that it said has been sent.
static void finish(struct process *p)
{
    if (!p->used || !p->exited || p->output[0] >= 0 || p->output[1] >= 0) return;
    send_frame(p->channel, EXIT, &p->status, 4);
    forget(p);
}

static void notice_ends(void)
{
    for (struct process *p = processes; p < processes + SLOT_MAX; p++) {
        siginfo_t end = {0};
        if (!p->used || p->exited) continue;
        if (waitid(P_PID, p->pid, &end, WEXITED | WNOHANG | WNOWAIT) || !end.si_pid) continue;
        p->exited = true;
        p->status = end.si_code == CLD_EXITED ? end.si_status : 128 + end.si_status;
        if (p->forgotten) forget(p);
    }
}

// --- frames from the client ----------------------------------------------------------------

static void do_hello(const uint8_t *nonce)
{
    uint8_t payload[12];
    uint32_t version = PROTOCOL_VERSION;
    memcpy(payload, nonce, 8);
    memcpy(payload + 8, &version, 4);
    send_frame(0, HELLO, payload, sizeof payload);
}

// What comes for a process that has just ended crossed its EXIT on the way: no mistake.
static void do_process_frame(uint32_t channel, uint8_t type, const uint8_t *payload, size_t count)
{
    struct process *p = process_of(channel);
    if (!p) return;
    if (type == STDIN) return do_input(p, payload, count);
    if (type == KILL && count == 4) {
        int signal = (int)u32_at(payload);
        if (signal > 0 && signal < NSIG) kill(-p->pid, signal);
        return;
    }
    if (type == CREDIT && count == 5 && (payload[0] == STDOUT || payload[0] == STDERR)) {
        uint32_t *credit = &p->credit[payload[0] == STDERR], more = u32_at(payload + 1);
        if (more <= WINDOW && *credit + more <= WINDOW) *credit += more;
        else send_error(channel, "CREDIT beyond the window", 0);
        return;
    }
    send_error(channel, "KILL or CREDIT of a wrong form", 0);
}

static void do_frame(uint32_t channel, uint8_t type, const uint8_t *payload, size_t count)
{
    if (type == HELLO && channel == 0 && count == 8) do_hello(payload);
    else if (type == HYPERCALL) do_hypercall(channel, payload, count);
    else if (type == AT_END) do_at_end(channel, payload, count);
    else if (type == GUEST) do_guest(channel, payload, count);
    else if (type == FILE_READ) do_file_read(channel, payload, count);
    else if (type == FILE_WRITE) do_file_write(channel, payload, count);
    else if (type == EXEC) do_exec(channel, payload, count);
    else if (type == STDIN || type == KILL || type == CREDIT)
        do_process_frame(channel, type, payload, count);
    else send_error(channel, "a frame of unknown type or form", 0);
}

// Nothing of what comes before the next client begins can be understood.
static void lose_step(const char *why)
{
    if (in_step) send_error(0, why, 0);
    in_step = false;
    received.start = received.end = 0;
}

// One frame, if there is a whole one.
static bool next_frame(void)
{
    if (held(&received) < FRAME_HEADER) return false;
    const uint8_t *frame = received.data + received.start;
    uint32_t length = u32_at(frame);
    if (length < FRAME_LENGTH_MIN || length > FRAME_LENGTH_MAX) {
        lose_step("a frame of impossible length; all is ignored until a client begins");
        return false;
    }
    if (held(&received) < 4 + (size_t)length) return false;
    received.start += 4 + (size_t)length;
    do_frame(u32_at(frame + 4), frame[8], frame + FRAME_HEADER, length - FRAME_LENGTH_MIN);
    return true;
}

static void end_session(void)
{
    forget_all();
    fulfil_wishes();
    queued.start = queued.end = 0;
}

// Behind an ESCAPE. Two of them are no mistake: a client ended with the first, another begins.
static void take_escaped(uint8_t byte)
{
    escaping = byte == ESCAPE;
    if (byte == BEGIN) {
        end_session();
        received.start = received.end = 0;
        in_step = true;
    } else if (byte == ESCAPED) {
        received.data[received.end++] = ESCAPE;
    } else if (byte != ESCAPE) {
        lose_step("an escape of unknown kind; all is ignored until a client begins");
    }
}

// `count` bytes were read behind the end of `received`; without their escapes they are shorter.
static void take(size_t count)
{
    const uint8_t *next = received.data + received.end, *end = next + count;
    while (next < end) {
        if (escaping) {
            take_escaped(*next++);
            continue;
        }
        const uint8_t *escape = memchr(next, ESCAPE, end - next);
        size_t plain = (escape ? escape : end) - next;
        memmove(received.data + received.end, next, plain);
        received.end += plain;
        next += plain;
        if (escape) {
            escaping = true;
            next++;
        }
    }
    if (!in_step) received.start = received.end = 0;
}

// --- the loop ------------------------------------------------------------------------------

static int port_in, port_out, child_signals;
static int news = -1;           // of a port: ready when the kernel tells of a client or of bytes
static bool connected = true;   // a port reads as ended, again and again, while nobody has it open
static unsigned absent_ms;      // for how long nobody has had it open

// The kernel's news of who has the port open come in no order with the bytes: those of the next
// client can be here before the news that it came, or that the last one went. So a client's
// beginning parts the two, and nothing is forgotten here until it is sure that nobody came.
static void miss_client(void)
{
    if (port_in != port_out) {
        end_session();
        exit(0);
    }
    connected = false;
    if (absent_ms >= ABSENT_MS_MAX) end_session();
}

static void receive(void)
{
    if (!held(&received)) received.start = received.end = 0;
    reserve(&received, CHUNK);
    ssize_t count = read(port_in, received.data + received.end, CHUNK);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return miss_client();
    connected = true;
    absent_ms = 0;
    if (count > 0) take(count);
}

static void transmit(void)
{
    ssize_t count = write(port_out, queued.data + queued.start, held(&queued));
    if (count > 0) queued.start += count;
    else if (errno != EAGAIN && errno != EINTR) miss_client();
    if (!held(&queued)) queued.start = queued.end = 0;
}

static int port_of(const char *path)
{
    struct timespec pause = {0, RECONNECT_MS * 1000000};
    for (int waited = 0; waited < PORT_WAIT_MS; waited += RECONNECT_MS) {
        int port = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
        if (port >= 0) return port;
        if (errno != ENOENT && errno != ENXIO) break;
        nanosleep(&pause, NULL);
    }
    die(path);
    return -1;
}

// A port that nobody has open is always ready to read as ended, so poll() of itself never waits. What is
// told at changes alone is ready once for each.
static int news_of(int port)
{
    struct epoll_event changes = {.events = EPOLLIN | EPOLLOUT | EPOLLET};
    int found = epoll_create1(EPOLL_CLOEXEC);
    if (found < 0 || epoll_ctl(found, EPOLL_CTL_ADD, port, &changes) < 0) die("epoll");
    return found;
}

static void forget_news(void)
{
    struct epoll_event old;
    epoll_wait(news, &old, 1, 0);
}

static void set_up(const char *path)
{
    int null;
    do null = open("/dev/null", O_RDWR); while (null >= 0 && null < 3);
    if (null < 0) die("/dev/null");
    close(null);    // 0, 1 and 2 are taken now, so the pipes of a command are none of them
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    signal(SIGPIPE, SIG_IGN);
    child_signals = signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
    if (child_signals < 0) die("signalfd");
    if (strcmp(path, "-")) {
        port_in = port_out = port_of(path);
        news = news_of(port_in);
        return;
    }
    port_in = 0;
    port_out = 1;
    fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
    fcntl(1, F_SETFL, fcntl(1, F_GETFL) | O_NONBLOCK);
}

// What a process may do now: -1 is an entry that poll() skips.
static void watch(struct pollfd *fds, const struct process *p)
{
    bool room = held(&queued) < OUTPUT_HIGH;
    fds[0] = (struct pollfd){held(&p->pending) ? p->input : -1, POLLOUT, 0};
    for (int i = 0; i < 2; i++)
        fds[1 + i] = (struct pollfd){room && p->credit[i] ? p->output[i] : -1, POLLIN, 0};
}

static void serve(struct pollfd *fds, struct process *p)
{
    if (fds[0].revents) feed(p);
    if (fds[1].revents) drain(p, 0);
    if (fds[2].revents) drain(p, 1);
}

static void turn(void)
{
    static struct pollfd fds[3 + 3 * PROCESS_MAX];
    static struct process *running[PROCESS_MAX];
    int count = 0;
    bool hungry = held(&queued) < OUTPUT_HIGH;
    // Once it is sure that nobody is there, the next client is waited for without a wake-up: of
    // four agents that looked a hundred times a second, an idle lab took a fifth of a core.
    bool alone = !connected && absent_ms >= ABSENT_MS_MAX;
    fds[0] = (struct pollfd){alone ? news : connected && hungry ? port_in : -1, POLLIN, 0};
    fds[1] = (struct pollfd){connected && held(&queued) ? port_out : -1, POLLOUT, 0};
    fds[2] = (struct pollfd){child_signals, POLLIN, 0};
    for (struct process *p = processes; p < processes + SLOT_MAX; p++)
        if (p->used && !p->forgotten) running[count++] = p;
    for (int i = 0; i < count; i++) watch(fds + 3 + 3 * i, running[i]);
    int ready = poll(fds, 3 + 3 * count, connected || alone ? -1 : RECONNECT_MS);
    if (ready < 0 && errno != EINTR) die("poll");
    // Counted, not measured: each round is a sleep in which the kernel can tell its news, however
    // long the whole machine was stopped meanwhile.
    if (ready == 0) absent_ms += RECONNECT_MS;

    for (int i = 0; i < count; i++) serve(fds + 3 + 3 * i, running[i]);
    if (fds[2].revents) {
        struct signalfd_siginfo info;
        while (read(child_signals, &info, sizeof info) > 0) {}
        notice_ends();
    }
    for (int i = 0; i < count; i++) finish(running[i]);
    if (fds[1].revents & POLLOUT) transmit();
    if (alone) forget_news();   // before the port is read: what is told from here on is told again
    if (fds[0].revents || !connected) receive();
    else if (fds[1].revents & (POLLHUP | POLLERR)) miss_client();
    while (held(&queued) < OUTPUT_HIGH && next_frame()) {}
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: agent PORT|-\n");
        return 2;
    }
    set_up(argv[1]);
    for (;;) turn();
}
