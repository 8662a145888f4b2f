// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The data event: bytes moved by one call, with their first bytes.

#ifndef METAFLOW_DATA_H
#define METAFLOW_DATA_H

#include "payload.h"

/// One call (or one message of sendmmsg and recvmmsg) that moved bytes.
struct mf_call {
    __u64 socket;
    __u64 enter;
    /// Bytes moved.
    __u32 length;
    __u32 sequence;
    __u32 ordinal;
    /// The most payload bytes to copy.
    __u32 limit;
    __u32 number;
    __u8 direction;
    __u8 role;
    __u8 flags;
    __u8 unused;
    struct mf_buffers buffers;
};

static __always_inline void describe_call(struct mf_socket_event *event, struct mf_call *call) {
    event->kind = MF_EVENT_DATA;
    event->direction = call->direction;
    event->role = call->role;
    event->unused = 0;
    event->syscall = call->number;
    event->socket = call->socket;
    event->exit = bpf_ktime_get_ns();
    // A paced packet may be stamped with a time to come.
    bool known = call->enter && call->enter < event->exit;
    event->enter = known ? call->enter : event->exit;
    event->sequence = call->sequence;
    event->length = call->length;
    event->ordinal = call->ordinal;
}

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

/// Writes a call's event with its payload into the lane, in one copy from user memory.
static __always_inline void emit_data(struct sock *sk, struct task_struct *task,
                                      struct mf_call *call, struct mf_lane *lane) {
    lane->seen++;
    __u32 want = call->length < call->limit ? call->length : call->limit;
    __u8 flags = call->flags;
    if (!call->buffers.known) {
        if (want)
            flags |= MF_FLAG_PAYLOAD_UNREADABLE;
        want = 0;
    } else if (!call->buffers.count && want > call->buffers.length) {
        // A datagram that was longer than its buffer, received with MSG_TRUNC.
        want = call->buffers.length;
    }
    __u64 at = lane->written;
    __u64 size = sizeof(struct mf_socket_event) + ((want + 7) & ~7u);
    if (unlikely(at + size - *(volatile __u64 *)&lane->read > config.lane_bytes)) {
        COUNT(ring_full);
        return;
    }
    struct mf_socket_event *event = (void *)lane->bytes + (at & (config.lane_bytes - 1));
    describe_call(event, call);
    describe_thread(event, task);
    describe_socket(event, sk);
    if (unlikely(event->transport == IPPROTO_UDP))
        describe_peer(event, &call->buffers);
    __u32 captured = 0;
    if (want) {
        void *payload = event + 1;
        if (!call->buffers.count)
            captured = copy_buffer(payload, &call->buffers, want);
        else if (likely(call->buffers.count == 2))
            captured = copy_two(payload, &call->buffers, want);
        else
            captured = copy_vector(payload, &call->buffers, want);
        if (unlikely(captured < want))
            flags |= captured ? MF_FLAG_PARTIAL_GATHER : MF_FLAG_PAYLOAD_UNREADABLE;
    }
    if (unlikely(flags & MF_FLAG_PAYLOAD_UNREADABLE))
        COUNT(payload_unreadable);
    event->flags = flags;
    event->captured = captured;
    publish(lane, sizeof(struct mf_socket_event) + ((captured + 7) & ~7u));
}

#endif
