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
    event->exit = bpf_ktime_get_boot_ns();
    event->enter = call->enter ? call->enter : event->exit;
    event->sequence = call->sequence;
    event->length = call->length;
    event->ordinal = call->ordinal;
}

/// Sends one event whose payload has room for `room` bytes. `vector` doubles it, see copy_vector.
static __always_inline void emit_class(struct sock *sk, struct task_struct *task,
                                       struct mf_call *call, __u32 want, const __u32 room,
                                       const bool vector) {
    const __u64 size = sizeof(struct mf_socket_event) + (vector ? 2 * room : room);
    struct mf_socket_event *event = bpf_ringbuf_reserve(&ring, size, 0);
    if (!event) {
        COUNT(ring_full);
        return;
    }
    describe_call(event, call);
    describe_thread(event, task);
    describe_socket(event, sk);
    if (event->transport == IPPROTO_UDP)
        describe_peer(event, &call->buffers);
    __u8 flags = call->flags;
    __u32 captured = 0;
    if (room) {
        void *payload = event + 1;
        captured = vector ? copy_vector(payload, &call->buffers, want, room)
                          : copy_buffer(payload, &call->buffers, want, room);
        if (!captured)
            flags |= MF_FLAG_PAYLOAD_UNREADABLE;
        else if (captured < want)
            flags |= MF_FLAG_PARTIAL_GATHER;
    }
    if (flags & MF_FLAG_PAYLOAD_UNREADABLE)
        COUNT(payload_unreadable);
    event->flags = flags;
    event->captured = captured;
    submit(event, size);
}

/// Sends a call's event in the smallest size class that holds what is wanted of its payload. The
/// bytes go from user memory into the ring in one copy.
static __always_inline void emit_data(struct sock *sk, struct task_struct *task,
                                      struct mf_call *call) {
    COUNT(seen);
    __u32 want = call->length < call->limit ? call->length : call->limit;
    if (!call->buffers.known) {
        if (want)
            call->flags |= MF_FLAG_PAYLOAD_UNREADABLE;
        want = 0;
    } else if (!call->buffers.count && want > call->buffers.length) {
        // A datagram that was longer than its buffer, received with MSG_TRUNC.
        want = call->buffers.length;
    }
    bool vector = call->buffers.count > 0;
    if (want == 0)
        emit_class(sk, task, call, want, 0, false);
    else if (want <= 256 && !vector)
        emit_class(sk, task, call, want, 256, false);
    else if (want <= 1024 && !vector)
        emit_class(sk, task, call, want, 1024, false);
    else if (want <= 4096 && !vector)
        emit_class(sk, task, call, want, 4096, false);
    else if (!vector)
        emit_class(sk, task, call, want, MF_PAYLOAD_MAX, false);
    else if (want <= 256)
        emit_class(sk, task, call, want, 256, true);
    else if (want <= 1024)
        emit_class(sk, task, call, want, 1024, true);
    else if (want <= 4096)
        emit_class(sk, task, call, want, 4096, true);
    else
        emit_class(sk, task, call, want, MF_PAYLOAD_MAX, true);
}

/// Payload bytes wanted of a socket: its verdict, or the default. MF_MUTED for none of its events.
static __always_inline __u32 limit_for(__u64 socket) {
    __u32 *verdict = bpf_map_lookup_elem(&verdicts, &socket);
    __u32 limit = verdict ? *verdict : config.payload_limit;
    if (limit != MF_MUTED && limit > MF_PAYLOAD_MAX)
        limit = MF_PAYLOAD_MAX;
    return limit;
}

#endif
