// A virtio-serial port in the hands of a test: agent.c is compiled with this in front of it. Bytes
// go over descriptor 3. Descriptor 4 is the news of the other end, which the kernel tells in order,
// but in no order with the bytes; a letter each, and the last one counts:
//
//   o  a client has the port open
//   c  nobody has: as in Linux's drivers/char/virtio_console.c, what came can still be read, then
//      the port reads as ended, polls as hung up and takes nothing. Each reading of an end is
//      told back by an "e"
//   s  the agent gets no processor
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { FAKE_PORT = 3, FAKE_NEWS = 4, FAKE_POLLED_MAX = 256 };
static char fake_state = 'c';
static int fake_watching = -1;  // an epoll that is told of the port's changes
static int fake_told = 0;       // news were heard that it has not been told of

static void fake_hear(void)
{
    do {
        struct pollfd news = {FAKE_NEWS, POLLIN, 0};
        char letter;
        while (poll(&news, 1, fake_state == 's' ? -1 : 0) > 0) {
            if (read(FAKE_NEWS, &letter, 1) != 1) _exit(0); // The test is over.
            fake_state = letter;
            fake_told = 1;
        }
    } while (fake_state == 's');
}

// `mode` is read only where a file may be made, as open() does.
static int fake_open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    if (strcmp(path, "/dev/fake-port")) return open(path, flags, mode);
    fcntl(FAKE_NEWS, F_SETFD, FD_CLOEXEC);
    fcntl(FAKE_PORT, F_SETFD, FD_CLOEXEC);
    return fcntl(FAKE_PORT, F_SETFL, O_NONBLOCK) < 0 ? -1 : FAKE_PORT;
}

static ssize_t fake_read(int fd, void *data, size_t size)
{
    if (fd != FAKE_PORT) return read(fd, data, size);
    fake_hear();
    ssize_t count = read(fd, data, size);
    if (count >= 0 || errno != EAGAIN || fake_state == 'o') return count;
    if (write(FAKE_NEWS, "e", 1) != 1) _exit(0);
    return 0;
}

static ssize_t fake_write(int fd, const void *data, size_t size)
{
    if (fd == FAKE_PORT) {
        fake_hear();
        errno = EAGAIN;
        if (fake_state != 'o') return -1;
    }
    return write(fd, data, size);
}

static int fake_epoll_ctl(int epoll, int what, int fd, struct epoll_event *event)
{
    if (fd == FAKE_PORT) fake_watching = epoll;
    return epoll_ctl(epoll, what, fd, event);
}

// Linux tells at once of a change, and of none twice.
static int fake_epoll_wait(int epoll, struct epoll_event *events, int count, int timeout)
{
    fake_told = 0;
    return epoll_wait(epoll, events, count, timeout);
}

static int fake_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    struct pollfd all[FAKE_POLLED_MAX];
    for (;;) {
        fake_hear();
        int port = 0, told = 0;
        memcpy(all, fds, count * sizeof *fds);
        all[count] = (struct pollfd){FAKE_NEWS, POLLIN, 0};
        for (nfds_t i = 0; i < count; i++) {
            port |= fds[i].fd == FAKE_PORT;
            told |= fake_told && fds[i].fd == fake_watching;
        }
        int closed = fake_state == 'c' && port;
        int ready = poll(all, count + 1, closed || told ? 0 : timeout);
        if (ready < 0) return ready;
        if (all[count].revents) continue;
        ready = 0;
        for (nfds_t i = 0; i < count; i++) {
            fds[i].revents = all[i].revents;
            if (fds[i].fd == FAKE_PORT && closed)
                fds[i].revents = (all[i].revents & POLLIN) | POLLHUP;
            if (told && fds[i].fd == fake_watching) fds[i].revents = POLLIN;
            ready += fds[i].revents != 0;
        }
        return ready;
    }
}

#define open(...) fake_open(__VA_ARGS__)
#define read fake_read
#define write fake_write
#define poll fake_poll
#define epoll_ctl fake_epoll_ctl
#define epoll_wait fake_epoll_wait
