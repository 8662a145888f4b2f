// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "linux_calls.h"

#include "probe_events.h"

#include <linux/bpf.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
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

uint64_t mf_program_misses(int program) {
    struct bpf_prog_info info = {0};
    union bpf_attr attributes = {0};
    attributes.info.bpf_fd = program;
    attributes.info.info_len = sizeof info;
    attributes.info.info = (uintptr_t)&info;
    if (syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attributes, sizeof attributes)) return 0;
    return info.recursion_misses;
}

int mf_wait(int watch, int milliseconds) {
    struct epoll_event event;
    return epoll_wait(watch, &event, 1, milliseconds);
}
