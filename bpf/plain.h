// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Telling of plain text that a program handed to its TLS library, or was handed. Programs that do
// so run in functions of user space: they may be preempted, so they share nothing by CPU and write
// into a ring that takes several writers.

#ifndef METAFLOW_PLAIN_H
#define METAFLOW_PLAIN_H

#define MF_CHECKED_READS
#include "describe.h"
#include "slots.h"
#include "tls.h"

/// Plain text that is being told of, in pieces.
struct mf_plain {
    struct mf_socket_event event;
    __u64 buffer;
    /// Bytes of the call; where the next event begins, where copying ends, and how much of the
    /// call's end is copied after that.
    __u64 length;
    __u64 at;
    __u64 want;
    __u64 tail;
};

/// Makes a record visible, and wakes the reader when the ring comes to be filled by a quarter.
static __always_inline void submit(void *record, __u64 bytes) {
    bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
    __u64 used = bpf_ringbuf_query(&plain, BPF_RB_AVAIL_DATA);
    __u64 quarter = bpf_ringbuf_query(&plain, BPF_RB_RING_SIZE) / 4;
    if (used < quarter || used >= quarter + bytes)
        return;
    void *wake = bpf_ringbuf_reserve(&ring, 8, 0);
    if (wake)
        bpf_ringbuf_discard(wake, BPF_RB_FORCE_WAKEUP);
}

// A record is as large as the smallest of a few sizes that holds it: the kernel must know a size
// when the program is loaded.
#define TELL(room)                                                                                 \
    if (size <= (room)) {                                                                          \
        record = bpf_ringbuf_reserve(&plain, sizeof(told->event) + (room), 0);                     \
        if (!record) {                                                                             \
            COUNT(ring_full);                                                                      \
            return 0;                                                                              \
        }                                                                                          \
        *record = told->event;                                                                     \
        record->data.head.bytes = sizeof(told->event) + ((size + 7) & ~7ull);                      \
        record->data.length = length;                                                              \
        record->data.captured = size;                                                              \
        if (size && bpf_probe_read_user(record + 1, size, (void *)(told->buffer + told->at))) {    \
            record->data.captured = 0;                                                             \
            record->data.head.flags |= MF_FLAG_PAYLOAD_UNREADABLE;                                 \
            COUNT(payload_unreadable);                                                             \
        }                                                                                          \
        submit(record, sizeof(told->event) + (room));                                              \
        goto done;                                                                                 \
    }

/// Tells of the next piece of a call. False when there is no more, or no room.
__noinline int tell_piece(struct mf_plain *told) {
    if (!told)
        return 0;
    COUNT(seen);
    __u64 size = told->want - told->at;
    if (size > MF_PAYLOAD_MAX)
        size = MF_PAYLOAD_MAX;
    barrier_var(size);
    // What is left out is told by the event before it.
    bool is_last = told->at + size >= told->want;
    __u64 end = is_last ? told->length - told->tail : told->at + size;
    __u32 length = end - told->at;
    struct mf_socket_event *record;
    TELL(256)
    TELL(1024)
    TELL(4096)
    TELL(MF_PAYLOAD_MAX)
    return 0;
done:
    told->event.data.sequence += length;
    told->at = end;
    if (!is_last || !told->tail)
        return !is_last;
    told->want = told->length;
    told->tail = 0;
    return 1;
}

/// How much of a call is wanted; as `want` of data.h says of cipher text. False when nothing is.
static __always_inline bool want_plain(struct mf_plain *told) {
    __u8 direction = told->event.data.direction;
    struct mf_verdict *verdict = bpf_map_lookup_elem(&plain_verdicts, &told->event.data.socket);
    bool has_tail = told->event.data.ordinal <= MF_FIRST_EVENTS;
    __u64 limit = has_tail ? config.first_limit : config.payload_limit;
    if (verdict) {
        __u32 wants = verdict->wants[direction & 1];
        if (wants == MF_MUTED)
            return false;
        has_tail = wants & MF_WANTS_TAIL;
        limit = wants & ~MF_WANTS_TAIL;
    } else if (told->event.data.role == direction + 1 && config.request_limit > limit) {
        limit = config.request_limit;
    }
    told->want = told->length < limit ? told->length : limit;
    if (told->want > MF_CALL_MAX)
        told->want = MF_CALL_MAX;
    __u64 rest = told->length - told->want;
    if (has_tail)
        told->tail = rest < MF_TAIL_BYTES ? rest : MF_TAIL_BYTES;
    return true;
}

/// Begins to tell of a call that the running thread made, and that lasted until now.
static __always_inline void begin_plain(struct mf_plain *told, struct task_struct *task,
                                        struct mf_tls_socket *known, __u64 enter, __u8 side) {
    struct mf_data_event *event = &told->event.data;
    event->head.kind = MF_EVENT_WHOLE;
    event->head.flags = MF_FLAG_TLS;
    event->head.when = bpf_ktime_get_ns();
    event->head.process = KREAD(task, tgid);
    event->head.thread = KREAD(task, pid);
    __u64 lasted = event->head.when - enter;
    event->lasted = lasted < 0xffffffff ? lasted : 0xffffffff;
    event->socket = known->socket;
    event->sequence = known->begin[side] + known->told[side];
    known->told[side] += told->length;
    known->is_told[side] = 1;
    event->ordinal = __sync_fetch_and_add(&known->ordinal, 1) + 1;
    event->direction = side;
    event->role = known->role;
}

/// Tells of a call, as much of it as is wanted, in pieces.
static __always_inline void tell_plain(struct mf_plain *told, struct task_struct *task,
                                       struct mf_tls_socket *known, struct sock *sk) {
    if (!want_plain(told)) {
        COUNT(muted);
        return;
    }
    describe_thread(&told->event.thread, task);
    describe_socket(&told->event.socket, sk);
    for (__u32 piece = 0; piece < MF_CALL_MAX / MF_PAYLOAD_MAX + 2; piece++)
        if (!tell_piece(told))
            break;
    // A piece that found no room is missed as a call is.
    if (told->at < told->length)
        __sync_fetch_and_add(&known->ordinal, 1);
}

#endif
