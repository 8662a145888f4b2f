// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The lane that a program writes its events into.

#ifndef METAFLOW_LANES_H
#define METAFLOW_LANES_H

#include "emit.h"

/// Bytes of a lane that an event of a type with so much payload takes.
#define ROOM(head, payload) ((head) + (((payload) + 7ull) & ~7ull))

/// Where in a lane the record at a position lies.
#define RECORD_AT(lane, position) ((void *)(lane)->bytes + ((position) & (config.lane_bytes - 1)))

/// The lane of this CPU. A program never interrupts itself, and each direction is written by one
/// program only, so nothing else writes there.
static __always_inline struct mf_lane *own_lane(__u8 direction) {
    __u32 place = 2 * bpf_get_smp_processor_id() + (direction & 1);
    return bpf_map_lookup_elem(&lanes, &place);
}

/// Makes a finished record visible. Waking costs more than all else a probe does, so only every so
/// many bytes are worth it; the reader's timer finds the rest.
static __always_inline void publish(struct mf_lane *lane, __u64 size) {
    __u64 before = lane->written;
    // The record is there before its position.
#if defined(__TARGET_ARCH_x86)
    barrier();
    *(volatile __u64 *)&lane->written = before + size;
#else
    __sync_fetch_and_add(&lane->written, size);
#endif
    if (likely((before ^ (before + size)) < config.wake_bytes))
        return;
    // A lane has nobody who waits for it. The ring has, and a record that is taken back wakes too.
    void *wake = bpf_ringbuf_reserve(&ring, 8, 0);
    if (wake)
        bpf_ringbuf_discard(wake, BPF_RB_FORCE_WAKEUP);
}

#endif
