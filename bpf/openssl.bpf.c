// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Plain text of OpenSSL, where programs hand it over and are handed it: SSL_read and SSL_write,
// their _ex forms, and what is needed to know their sockets. Attached to files, in whatever process
// maps them. A call costs two traps into the kernel (see README.md), and nothing to programs that
// do not use the library.
//
// These programs may be preempted, so they share nothing by CPU and write into a ring that takes
// several writers.

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

static __always_inline int began(struct pt_regs *regs, __u8 direction, bool is_told, bool counts) {
    if (is_ignored_process(bpf_get_current_pid_tgid() >> 32))
        return 0;
    struct mf_tls_call *call = bpf_task_storage_get(&tls_calls, bpf_get_current_task_btf(), NULL,
                                                    BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (!call) {
        COUNT(map_full);
        return 0;
    }
    call->object = PARAMETER_1(regs);
    call->buffer = PARAMETER_2(regs);
    call->moved = counts ? PARAMETER_4(regs) : 0;
    call->enter = bpf_ktime_get_ns();
    call->direction = direction;
    call->is_told = is_told;
    return 0;
}

SEC("uprobe")
int read_began(struct pt_regs *regs) { return began(regs, MF_INGRESS, true, false); }

SEC("uprobe")
int read_ex_began(struct pt_regs *regs) { return began(regs, MF_INGRESS, true, true); }

SEC("uprobe")
int write_began(struct pt_regs *regs) { return began(regs, MF_EGRESS, true, false); }

SEC("uprobe")
int write_ex_began(struct pt_regs *regs) { return began(regs, MF_EGRESS, true, true); }

SEC("uprobe")
int handshake_began(struct pt_regs *regs) { return began(regs, MF_EGRESS, false, false); }

/// The object is gone, and another may come to lie where it lay.
SEC("uprobe")
int object_freed(struct pt_regs *regs) {
    struct mf_tls_key key = {.object = PARAMETER_1(regs),
                             .process = bpf_get_current_pid_tgid() >> 32};
    bpf_map_delete_elem(&tls_sockets, &key);
    return 0;
}

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

/// How many bytes a function moved that has returned; 0 when none.
static __always_inline __u64 moved_by(struct pt_regs *regs, const struct mf_tls_call *call) {
    __s32 result = RETURNED(regs);
    if (!call->moved)
        return result > 0 ? result : 0;
    __u64 moved;
    if (result != 1 || bpf_probe_read_user(&moved, sizeof(moved), (void *)call->moved))
        return 0;
    return moved;
}

SEC("uretprobe")
int call_ended(struct pt_regs *regs) {
    struct task_struct *task = bpf_get_current_task_btf();
    struct mf_tls_call *running = bpf_task_storage_get(&tls_calls, task, NULL, 0);
    if (!running || !running->object)
        return 0;
    struct mf_tls_call call = *running;
    running->object = 0;
    __u64 moved = moved_by(regs, &call);
    if (!moved || !call.is_told)
        return 0;

    struct mf_tls_key key = {.object = call.object, .process = KREAD(task, tgid)};
    struct mf_tls_socket *known = bpf_map_lookup_elem(&tls_sockets, &key);
    struct sock *sk = known ? (struct sock *)known->sk : NULL;
    if (!known || KREAD(sk, __sk_common.skc_cookie.counter) != (__s64)known->socket) {
        COUNT(seen);
        COUNT(lookup_failed);
        return 0;
    }
    if (is_ignored_socket(namespace_of(sk), KREAD(sk, __sk_common.skc_num),
                          __builtin_bswap16(KREAD(sk, __sk_common.skc_dport))))
        return 0;
    __u32 side = call.direction & 1;
    struct mf_plain told = {.buffer = call.buffer, .length = moved};
    struct mf_data_event *event = &told.event.data;
    event->head.kind = MF_EVENT_WHOLE;
    event->head.flags = MF_FLAG_TLS;
    event->head.when = bpf_ktime_get_ns();
    event->head.process = KREAD(task, tgid);
    event->head.thread = KREAD(task, pid);
    __u64 lasted = event->head.when - call.enter;
    event->lasted = lasted < 0xffffffff ? lasted : 0xffffffff;
    event->socket = known->socket;
    event->sequence = known->begin[side] + known->told[side];
    known->told[side] += moved;
    known->is_told[side] = 1;
    event->ordinal = __sync_fetch_and_add(&known->ordinal, 1) + 1;
    event->direction = side;
    event->role = known->role;
    if (!want_plain(&told)) {
        COUNT(muted);
        return 0;
    }
    describe_thread(&told.event.thread, task);
    describe_socket(&told.event.socket, sk);
    for (__u32 piece = 0; piece < MF_CALL_MAX / MF_PAYLOAD_MAX + 2; piece++)
        if (!tell_piece(&told))
            break;
    // A piece that found no room is missed as a call is.
    if (told.at < told.length)
        __sync_fetch_and_add(&known->ordinal, 1);
    return 0;
}

char mf_license[] SEC("license") = "Dual BSD/GPL";
