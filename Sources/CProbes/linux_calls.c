// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "linux_calls.h"

#include "probe_events.h"

#include <sched.h>
#include <sys/epoll.h>
#include <unistd.h>

int mf_enter_namespace(int descriptor, int kind) { return setns(descriptor, kind); }

int mf_leave_network_namespace(void) { return unshare(CLONE_NEWNET); }

int mf_watch(int descriptor) {
    int watch = epoll_create1(EPOLL_CLOEXEC);
    if (watch < 0) return -1;
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    if (epoll_ctl(watch, EPOLL_CTL_ADD, descriptor, &event)) {
        close(watch);
        return -1;
    }
    return watch;
}

int mf_wait(int watch, int milliseconds) {
    struct epoll_event event;
    return epoll_wait(watch, &event, 1, milliseconds);
}
