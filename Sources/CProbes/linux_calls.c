// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "linux_calls.h"

#include "probe_events.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stddef.h>
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

_Static_assert(offsetof(struct perf_event_mmap_page, data_head) == MF_MAPPINGS_WRITTEN, "data_head");
_Static_assert(offsetof(struct perf_event_mmap_page, data_tail) == MF_MAPPINGS_READ, "data_tail");
_Static_assert(PERF_RECORD_MMAP2 == MF_RECORD_MAPPING && PERF_RECORD_LOST == MF_RECORD_LOST, "kinds");

int mf_open_mappings(int processor) {
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_SOFTWARE,
        .size = sizeof attributes,
        .config = PERF_COUNT_SW_DUMMY,
        .mmap = 1,
        .mmap2 = 1,
        .exclude_kernel = 1,
        /* Nobody is woken: the reader looks every now and then. */
        .watermark = 1,
        .wakeup_watermark = 1u << 30,
    };
    return syscall(SYS_perf_event_open, &attributes, -1, processor, -1, PERF_FLAG_FD_CLOEXEC);
}

int mf_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int mf_wait(int watch, int milliseconds) {
    struct epoll_event event;
    return epoll_wait(watch, &event, 1, milliseconds);
}
