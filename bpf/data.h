// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The data event: bytes moved by one call, with their first bytes.

#ifndef METAFLOW_DATA_H
#define METAFLOW_DATA_H

#include "unix.h"

/// How many bytes of a call are wanted, and whether its end is if that leaves some out.
///
/// Nobody may have said yet. Then what asks is copied whole, if it is known who asks: it tells what
/// the socket speaks. What answers tells it too, and is soon decided about; later on its bytes are
/// mostly bodies. Datagrams are small.
static __always_inline void want(struct mf_call *call, __u64 word, bool is_stream) {
    __u32 limit = word & SLOT_LIMIT;
    call->wants_tail = word >> SLOT_TAIL & 1;
    if (limit == SLOT_UNDECIDED) {
        bool is_first = !is_stream || call->ordinal <= MF_FIRST_EVENTS;
        bool is_request = call->role == call->direction + 1;
        limit = is_first ? config.first_limit : config.payload_limit;
        if (is_request && config.request_limit > limit)
            limit = config.request_limit;
        call->wants_tail = is_first;
    }
    call->limit = limit;
}

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

/// Writes a call's event with its payload into the lane, in one copy from user memory. True when
/// emit_pieces must finish it.
static __always_inline bool emit_data(struct sock *sk, struct task_struct *task,
                                      struct mf_call *call, struct mf_lane *lane, bool is_unix) {
    lane->seen++;
    __u32 want = call->length < call->limit ? call->length : call->limit;
    if (unlikely(!call->buffers.known)) {
        if (want)
            call->flags |= MF_FLAG_PAYLOAD_UNREADABLE;
        want = 0;
    } else if (!call->buffers.count && want > call->buffers.length) {
        // A datagram that was longer than its buffer, received with MSG_TRUNC.
        want = call->buffers.length;
    }
    __u64 at = lane->written;
    __u64 used = at - *(volatile __u64 *)&lane->read;
    // Much of one socket must not leave others without room.
    if (unlikely(used > config.lane_bytes / 2 && want > config.payload_limit))
        want = config.payload_limit;
    __u32 first = want < MF_PAYLOAD_MAX ? want : MF_PAYLOAD_MAX;
    if (unlikely(used + ROOM(first) > config.lane_bytes)) {
        COUNT(ring_full);
        lane->lost++;
        return false;
    }
    struct mf_socket_event *event = EVENT_AT(lane, at);
    describe_call(event, call);
    describe_thread(event, task);
    if (unlikely(is_unix))
        describe_unix(event, sk);
    else
        describe_socket(event, sk);
    bool is_stream = event->transport != IPPROTO_UDP;
    if (unlikely(!is_stream))
        describe_peer(event, &call->buffers);
    __u32 captured = 0;
    if (want && call->buffers.count <= 2) {
        void *payload = event + 1;
        if (!call->buffers.count)
            captured = copy_buffer(payload, &call->buffers, first);
        else
            captured = copy_two(payload, &call->buffers, first);
    }
    event->captured = captured;
    event->flags = call->flags;
    bool has_tail = call->wants_tail && is_stream && want < call->length && call->buffers.known;
    if (likely(captured == want && !has_tail)) {
        if (unlikely(call->flags & MF_FLAG_PAYLOAD_UNREADABLE))
            COUNT(payload_unreadable);
        publish(lane, ROOM(captured));
        return false;
    }
    struct mf_pieces pieces = {
        .at = at, .skip = captured, .done = captured, .want = is_stream ? want : first};
    call->pieces = pieces;
    call->wants_tail = has_tail;
    return true;
}

#endif
