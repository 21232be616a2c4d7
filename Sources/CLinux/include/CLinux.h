// What Glibc's Swift module leaves out. Declarations only: no code lives here.
//
// _GNU_SOURCE must not be defined in this header: it changes the types of the socket calls that Glibc's own
// module has already imported, and those calls then no longer type-check. So accept4 and pthread_setname_np are declared by hand.
#pragma once

#include <malloc.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>

int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);
int pthread_setname_np(unsigned long thread, const char *name);
