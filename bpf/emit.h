// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Counting and sending.

#ifndef METAFLOW_EMIT_H
#define METAFLOW_EMIT_H

#include "maps.h"

// Atomic although the counters are per CPU: a tracepoint in a softirq may come between the load and
// the store of one that it interrupts, and the sums are promised to be exact.
#define COUNT_MANY(field, amount)                                                                  \
    do {                                                                                           \
        __u32 counter_key = 0;                                                                     \
        struct mf_counters *counter = bpf_map_lookup_elem(&counters, &counter_key);                \
        if (counter)                                                                               \
            __sync_fetch_and_add(&counter->field, amount);                                         \
    } while (0)
#define COUNT(field) COUNT_MANY(field, 1)

/// Sends a finished record of what happens seldom. It wakes nobody: the reader's timer finds it.
static __always_inline void send(void *record, __u64 size) {
    if (bpf_ringbuf_output(&ring, record, size, BPF_RB_NO_WAKEUP))
        COUNT(ring_full);
}

static __always_inline bool is_ignored_process(__u32 process) {
    if (config.ignored_process && process == config.ignored_process)
        return true;
    return config.only_process && process != config.only_process;
}

static __always_inline bool is_ignored_socket(__u32 netns, __u16 local, __u16 remote) {
    if (config.only_namespace && netns != config.only_namespace)
        return true;
    return config.only_port && local != config.only_port && remote != config.only_port;
}

#endif
