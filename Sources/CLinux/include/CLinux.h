// Declarations that Glibc's Swift module leaves out. This header holds no code.
//
// _GNU_SOURCE must not be defined in this header: it changes the types of the socket calls that Glibc's own
// module has already imported, and those calls then no longer type-check. So this header declares accept4,
// memfd_create, pidfd_open, pipe2, prlimit and pthread_setname_np itself.
#pragma once

#include <malloc.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>

// As in <linux/sched.h>, of which glibc has it only with _GNU_SOURCE.
enum { CLINUX_SCHED_IDLE = 5 };

int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);
int memfd_create(const char *name, unsigned int flags);
int pidfd_open(int process, unsigned int flags);
int pipe2(int descriptors[2], int flags);
int prlimit(int process, unsigned int resource, const struct rlimit *new_limit, struct rlimit *old_limit);
int pthread_setname_np(unsigned long thread, const char *name);
