// Clients that come back: each names the id of the last event it has, and is through when the event whose data is END
// has come. Prints how long all of them took, and the median of one, as JSON.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

static const char end[] = "data: END\n\n";
static char in[1 << 18], request[4096];
static struct { double since; unsigned matched; } client[65536];
static double spent[65536];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int order(const void *a, const void *b) { return *(double *)a < *(double *)b ? -1 : 1; }

int main(int argc, char **argv) {
    if (argc != 6) { fprintf(stderr, "usage: resume PORT CLIENTS AT-ONCE TARGET LAST-EVENT-ID\n"); return 64; }
    int count = atoi(argv[2]), at_once = atoi(argv[3]), begun = 0, through = 0, poller = epoll_create1(0);
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: %s\r\n\r\n", argv[4], argv[5]);
    unsigned long bytes = 0;
    double start = now();
    while (through < count) {
        while (begun < count && begun - through < at_once) {
            int fd = socket(AF_INET, SOCK_STREAM, 0);
            double since = now();
            if (fd < 0 || connect(fd, (void *)&place, sizeof place)) fail("connect");
            if (write(fd, request, length) != length) fail("write");
            client[fd].since = since;
            client[fd].matched = 0;
            struct epoll_event watch = {.events = EPOLLIN, .data.fd = fd};
            epoll_ctl(poller, EPOLL_CTL_ADD, fd, &watch);
            begun++;
        }
        struct epoll_event ready[512];
        for (int i = 0, n = epoll_wait(poller, ready, 512, 20000); i < n || (n <= 0 && (fail("nothing comes"), 0)); i++) {
            int fd = ready[i].data.fd;
            ssize_t got = read(fd, in, sizeof in);
            if (got <= 0) fail("the stream ended");
            bytes += got;
            // The end comes last; it may come in pieces, and the end of its chunk may follow it.
            ssize_t from = got > (ssize_t)sizeof end + 2 ? got - (ssize_t)sizeof end - 2 : 0;
            for (ssize_t k = from; k < got && client[fd].matched < sizeof end - 1; k++)
                client[fd].matched = in[k] == end[client[fd].matched] ? client[fd].matched + 1 : in[k] == end[0];
            if (client[fd].matched < sizeof end - 1) continue;
            spent[through++] = now() - client[fd].since;
            close(fd);
        }
    }
    double total = now() - start;
    qsort(spent, count, sizeof *spent, order);
    printf("{\"flawless\": true, \"total.ms\": %.3f, \"median.ms\": %.4f, \"bytes\": %lu}\n", total, spent[count / 2], bytes);
}
