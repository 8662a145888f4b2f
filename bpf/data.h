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
static __always_inline void want(struct mf_call *call, __u64 word) {
    __u32 limit = word & SLOT_LIMIT;
    call->wants_tail = word >> SLOT_TAIL & 1;
    if (limit == SLOT_UNDECIDED) {
        bool is_first = !call->is_stream || call->ordinal <= MF_FIRST_EVENTS;
        bool is_request = call->role == call->direction + 1;
        limit = is_first ? config.first_limit : config.payload_limit;
        if (is_request && config.request_limit > limit)
            limit = config.request_limit;
        call->wants_tail = is_first;
    }
    call->limit = limit;
}

static __always_inline void describe_call(struct mf_data_event *event, struct mf_call *call,
                                          struct task_struct *task) {
    event->head.kind = call->is_whole ? MF_EVENT_WHOLE : MF_EVENT_DATA;
    event->head.unused = 0;
    event->head.process = KREAD(task, tgid);
    event->head.thread = KREAD(task, pid);
    event->head.coroutine = 0;
    __u64 when = bpf_ktime_get_ns();
    event->head.when = when;
    // A paced packet may be stamped with a time to come.
    __u64 lasted = call->enter && call->enter < when ? when - call->enter : 0;
    event->lasted = lasted < 0xffffffff ? lasted : 0xffffffff;
    event->socket = call->socket;
    event->sequence = call->sequence;
    event->length = call->length;
    event->ordinal = call->ordinal;
    event->syscall = call->number;
    event->direction = call->direction;
    event->role = call->role;
}

/// Begins a record of facts at the end of a lane.
static __always_inline void *begin_facts(struct mf_lane *lane, struct task_struct *task,
                                         __u32 bytes, __u8 kind) {
    struct mf_head *head = RECORD_AT(lane, lane->written);
    head->bytes = bytes;
    head->kind = kind;
    head->flags = 0;
    head->unused = 0;
    head->when = bpf_ktime_get_ns();
    head->process = task->tgid;
    head->thread = task->pid;
    head->coroutine = 0;
    return head;
}

/// Tells of the thread and of the socket what the lane's reader was not told yet. There is room.
static __always_inline void tell_facts(struct mf_lane *lane, struct sock *sk,
                                       struct task_struct *task, struct mf_call *call,
                                       struct mf_slot *slot) {
    __u64 comm[2];
    read_comm(comm, task);
    __u64 thread = (__u64)task->tgid << 32 | (__u32)task->pid;
    if (unlikely(lane->thread != thread || lane->thread_start != task->start_boottime ||
                 lane->comm[0] != comm[0] || lane->comm[1] != comm[1])) {
        struct mf_thread_record *record = begin_facts(lane, task, sizeof(*record), MF_EVENT_THREAD);
        describe_thread(&record->facts, task);
        lane->thread = thread;
        lane->thread_start = task->start_boottime;
        lane->comm[0] = comm[0];
        lane->comm[1] = comm[1];
        publish(lane, sizeof(*record));
    }
    __u32 told = (__u32)(call->socket >> MF_SLOTS_BITS) + 1;
    if (likely(*(volatile __u32 *)&slot->told == told))
        return;
    struct mf_socket_record *record = begin_facts(lane, task, sizeof(*record), MF_EVENT_SOCKET);
    record->socket = call->socket;
    if (unlikely(call->is_unix))
        describe_unix(&record->facts, sk);
    else
        describe_socket(&record->facts, sk);
    publish(lane, sizeof(*record));
    // The other end of a UNIX socket may be given its cookie later.
    if (!call->is_unix || record->facts.remote[1])
        *(volatile __u32 *)&slot->told = told;
}

/// Writes a call's event with its payload into the lane, in one copy from user memory. True when
/// emit_pieces must finish it. `slot` is of no use to events that are whole.
static __always_inline bool emit_data(struct sock *sk, struct task_struct *task,
                                      struct mf_call *call, struct mf_lane *lane,
                                      struct mf_slot *slot) {
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
    __u64 used = lane->written - *(volatile __u64 *)&lane->read;
    // Much of one socket must not leave others without room.
    if (unlikely(used > config.lane_bytes / 2 && want > config.payload_limit))
        want = config.payload_limit;
    __u32 first = want < MF_PAYLOAD_MAX ? want : MF_PAYLOAD_MAX;
    // With the facts that may have to be told before.
    if (unlikely(used + ROOM(MF_FACTS_BYTES, first) > config.lane_bytes)) {
        COUNT(ring_full);
        lane->lost++;
        return false;
    }
    if (slot && !call->is_whole)
        tell_facts(lane, sk, task, call, slot);
    __u64 at = lane->written;
    struct mf_data_event *event = RECORD_AT(lane, at);
    describe_call(event, call, task);
    void *payload = event + 1;
    __u32 head = sizeof(*event);
    if (unlikely(!slot || call->is_whole)) {
        struct mf_socket_event *whole = (struct mf_socket_event *)event;
        describe_socket(&whole->socket, sk);
        describe_thread(&whole->thread, task);
        if (!call->is_stream)
            describe_peer(&whole->socket, &call->buffers);
        payload = whole + 1;
        head = sizeof(*whole);
    }
    __u32 captured = 0;
    if (want && call->buffers.count <= 2) {
        if (!call->buffers.count)
            captured = copy_buffer(payload, &call->buffers, first);
        else
            captured = copy_two(payload, &call->buffers, first);
    }
    event->captured = captured;
    event->head.flags = call->flags;
    bool has_tail =
        call->wants_tail && call->is_stream && want < call->length && call->buffers.known;
    if (likely(captured == want && !has_tail)) {
        if (unlikely(call->flags & MF_FLAG_PAYLOAD_UNREADABLE))
            COUNT(payload_unreadable);
        finish(lane, event, head);
        return false;
    }
    struct mf_pieces pieces = {
        .at = at, .skip = captured, .done = captured, .want = call->is_stream ? want : first};
    call->pieces = pieces;
    call->wants_tail = has_tail;
    return true;
}

#endif
