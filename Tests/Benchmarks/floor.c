// The floor: the least that a server of event streams can do on Linux. One thread, one epoll, one send() for each
// subscriber and event. It understands just enough HTTP to be measured by the same generator as the others, trusts
// everybody, keeps nothing, and drops whoever is not fast enough. With a file as its second argument, whoever subscribes
// is sent that first: the least that resuming can cost.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { CHANNELS = 8192, DESCRIPTORS = 65536, BODY = 1 << 20 };

static struct { int *fds, count, room; } channels[CHANNELS];
static int channel_of[DESCRIPTORS]; // -1: not a subscriber
static char in[BODY + 8192], out[BODY + 64];
static unsigned long events;
static char missed[1 << 20];
static long missed_size, missed_sent[DESCRIPTORS];

static int channel_in(const char *path) { // the digits at the end of the path
    const char *end = strchr(path, ' ');
    while (end > path && end[-1] >= '0' && end[-1] <= '9') end--;
    return atoi(end) % CHANNELS;
}

static void leave(int fd) {
    int c = channel_of[fd];
    for (int i = 0; c >= 0 && i < channels[c].count; i++)
        if (channels[c].fds[i] == fd) channels[c].fds[i--] = channels[c].fds[--channels[c].count];
    channel_of[fd] = -1;
    close(fd);
}

static void resume(int fd) { // goes on when the socket takes more
    ssize_t sent = send(fd, missed + missed_sent[fd], missed_size - missed_sent[fd], MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) missed_sent[fd] += sent;
}

static void request(int fd) {
    ssize_t got = read(fd, in, sizeof in - 1), more;
    if (got <= 0) { leave(fd); return; }
    in[got] = 0;
    if (in[0] == 'G') {
        static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n:ok\n";
        int c = channel_in(in + 4);
        if (channels[c].count == channels[c].room)
            channels[c].fds = realloc(channels[c].fds, (channels[c].room = channels[c].room * 2 + 8) * sizeof(int));
        channels[c].fds[channels[c].count++] = fd;
        channel_of[fd] = c;
        send(fd, head, sizeof head - 1, MSG_NOSIGNAL);
        missed_sent[fd] = 0;
        if (missed_size) resume(fd);
        return;
    }
    char *body = strstr(in, "\r\n\r\n"), *length = strcasestr(in, "content-length:");
    if (!body || !length) { leave(fd); return; }
    body += 4;
    long size = atol(length + 15);
    while (in + got < body + size) // the rest of a large body is on its way
        if ((more = read(fd, in + got, sizeof in - 1 - got)) > 0) got += more;
    int c = channel_in(in + 5), count = sprintf(out, "id: %lu\ndata: ", ++events);
    memcpy(out + count, body, size);
    count += size;
    out[count++] = '\n';
    out[count++] = '\n';
    for (int i = 0; i < channels[c].count; i++)
        if (send(channels[c].fds[i], out, count, MSG_NOSIGNAL | MSG_DONTWAIT) != count) leave(channels[c].fds[i--]);
    send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 38, MSG_NOSIGNAL);
}

int main(int argc, char **argv) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(argc > 1 ? atoi(argv[1]) : 8080)};
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1, poller = epoll_create1(0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (void *)&place, sizeof place) || listen(listener, 65535)) { perror("floor"); return 1; }
    FILE *file = argc > 2 ? fopen(argv[2], "r") : 0;
    if (file) missed_size = fread(missed, 1, sizeof missed, file);
    struct epoll_event watch = {.events = EPOLLIN, .data.fd = listener}, ready[512];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &watch);
    for (;;)
        for (int i = 0, count = epoll_wait(poller, ready, 512, -1); i < count; i++) {
            int fd = ready[i].data.fd;
            if (fd != listener) {
                if (ready[i].events & EPOLLOUT && channel_of[fd] >= 0 && missed_sent[fd] < missed_size) resume(fd);
                if (ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) request(fd);
                continue;
            }
            while ((fd = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0) {
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                channel_of[fd] = -1;
                watch.data.fd = fd;
                watch.events = missed_size ? EPOLLIN | EPOLLOUT | EPOLLET : EPOLLIN;
                epoll_ctl(poller, EPOLL_CTL_ADD, fd, &watch);
            }
        }
}
