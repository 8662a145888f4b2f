// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Bytes that sockets send and receive, seen where every system call that moves them meets: the
// typed tracepoints sock_send_length and sock_recv_length (kernel 6.3). They run in the caller's
// context after the bytes were copied, so the call's arguments are in its saved registers and its
// memory is readable. A call that is not socket I/O does not pass here and costs nothing; one that
// is costs about 0.5 us with 1 KiB of payload (see README.md).

#include "cipher_text.h"
#include "data.h"

/// How far a thread is in its sendmmsg or recvmmsg: the tracepoint fires once per message, and the
/// registers point at the first.
struct mf_progress {
    __u64 socket;
    __u64 messages;
    __u32 count;
    __u32 next;
};

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 8192);
    __type(key, __u32);
    __type(value, struct mf_progress);
} progress SEC(".maps");

/// Which message of the running sendmmsg or recvmmsg this is.
///
/// A new call is told from the one before by its socket and arguments, by the count having been
/// reached, and by the failure or the short send that ended the one before (`ended`).
static __noinline __u32 message_index(struct task_struct *task, struct pt_regs *regs, __u64 socket,
                                      bool ended) {
    __u32 thread = task->pid;
    struct mf_progress now = {
        .socket = socket, .messages = ARGUMENT_2(regs), .count = (__u32)ARGUMENT_3(regs)};
    struct mf_progress *before = bpf_map_lookup_elem(&progress, &thread);
    if (before && before->socket == socket && before->messages == now.messages &&
        before->count == now.count && before->next < now.count)
        now.next = before->next;
    __u32 index = now.next;
    now.next = ended ? 0 : index + 1;
    if (bpf_map_update_elem(&progress, &thread, &now, BPF_ANY))
        COUNT(map_full);
    return index;
}

/// What TCP knows of a call that has just moved bytes: the sequence number of the first, and when
/// they left.
///
/// No hook says cheaply when a send began, and when it ended is too late: on loopback the receiver
/// may have answered by then. But the connection remembers when it last sent, and if all that was
/// written is sent, that was in this call. If it is acknowledged too the clock may be that of the
/// acknowledgement, and the sending time stands with the packet acknowledged last.
static __always_inline void describe_stream(struct sock *sk, struct mf_call *call) {
    if (sk->sk_protocol != IPPROTO_TCP)
        return;
    // Cheaper than bpf_skc_to_tcp_sock: it only tells the verifier.
    struct tcp_sock *tcp = bpf_rdonly_cast(sk, bpf_core_type_id_kernel(struct tcp_sock));
    if (call->direction == MF_INGRESS) {
        // A read that takes the last byte takes the FIN behind it too, if there is room.
        bool took_end =
            tcp->copied_seq == tcp->rcv_nxt && sk->__sk_common.skc_flags & (1UL << SOCK_DONE);
        call->sequence = tcp->copied_seq - took_end - call->length;
        return;
    }
    __u32 end = tcp->write_seq;
    call->sequence = end - call->length;
    if (tcp->snd_nxt != end)
        return;
    bool acknowledged = tcp->snd_una == end && tcp->rack.end_seq == end;
    call->enter = acknowledged ? tcp->rack.mstamp * 1000 : tcp->tcp_clock_cache;
}

/// The socket's cookie, which only the first call for it needs to make.
static __always_inline __u64 cookie_of(struct sock *sk) {
    __u64 cookie = sk->__sk_common.skc_cookie.counter;
    return cookie ? cookie : bpf_get_socket_cookie(sk);
}

/// Whether the thread is in a system call whose arguments can tell where the bytes are.
static __always_inline bool is_in_own_call(struct task_struct *task, struct sock *sk) {
    if (unlikely(task->flags & (PF_KTHREAD | PF_IO_WORKER | PF_USER_WORKER) ||
                 IS_FOREIGN_CALL(task)))
        return false;
    // A socket that the kernel keeps for itself (NFS and the like) moves other bytes than the call.
    struct socket *socket = sk->sk_socket;
    return socket && socket->file;
}

/// A call that moved nothing matters only where it ends a sendmmsg or recvmmsg.
static __always_inline int failed(struct sock *sk, __s32 result) {
    struct task_struct *task = bpf_get_current_task_btf();
    struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
    __u32 number = SYSCALL_NUMBER(regs);
    if ((number == SYS_SENDMMSG || number == SYS_RECVMMSG) && is_in_own_call(task, sk))
        message_index(task, regs, cookie_of(sk), result < 0);
    return 0;
}

static __always_inline int moved(struct sock *sk, __s32 result, __u8 direction, bool has_bytes) {
    bool is_unix = false;
    if (!is_reported(sk)) {
        is_unix = is_unix_stream(sk);
        if (!is_unix)
            return 0;
    }
    if (is_ignored_socket(namespace_of(sk), is_unix ? 0 : sk->__sk_common.skc_num,
                          is_unix ? 0 : __builtin_bswap16(sk->__sk_common.skc_dport)))
        return 0;
    if (result <= 0) {
        if (is_unix && direction == MF_INGRESS && !result)
            end_unix(sk);
        return failed(sk, result);
    }

    // First what decides whether there is more to do.
    bool is_stream = sk->sk_protocol != IPPROTO_UDP;
    struct mf_call call = {.direction = direction,
                           .length = result,
                           .socket = cookie_of(sk),
                           .is_stream = is_stream,
                           .is_unix = is_unix,
                           .is_whole = !is_stream};
    struct mf_slot *slot = slot_of(call.socket);
    if (unlikely(!slot)) {
        COUNT(seen);
        COUNT(lookup_failed);
        return 0;
    }
    __u64 word = word_of(slot, sk, call.socket, direction);
    call.role = word >> SLOT_ROLE & 3;
    struct task_struct *task = bpf_get_current_task_btf();
    if (unlikely(may_be_in_tls(task)) && sk->sk_protocol == IPPROTO_TCP) {
        describe_stream(sk, &call);
        note_cipher_text(task, (__u64)sk, &call);
    }
    bool is_muted = (word & SLOT_LIMIT) == SLOT_MUTED;
    // The messages of one call are counted on; many on a stream are not worth the time.
    if (is_muted && !config.only_process && (is_unix || sk->sk_protocol == IPPROTO_TCP)) {
        COUNT(muted);
        return 0;
    }
    if (is_ignored_process(task->tgid))
        return 0;

    struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
    bool own_call = is_in_own_call(task, sk);
    __u32 message = 0;
    if (likely(own_call)) {
        call.number = SYSCALL_NUMBER(regs);
        if (unlikely(call.number == SYS_SENDMMSG || call.number == SYS_RECVMMSG))
            message = message_index(task, regs, call.socket, false);
    }
    if (is_muted) {
        COUNT(muted);
        return 0;
    }
    // Soon, because another thread may be about to send through the same socket.
    if (likely(!is_unix))
        describe_stream(sk, &call);
    else if (!describe_unix_stream(sk, &call))
        COUNT(map_full);
    call.ordinal = __sync_fetch_and_add(&slot->ordinal, 1) + 1;
    want(&call, word);
    struct mf_lane *lane = own_lane(direction);
    if (unlikely(!lane)) {
        COUNT(seen);
        COUNT(lookup_failed);
        return 0;
    }
    if (own_call && has_bytes)
        find_buffers(regs, call.number, message, &call.buffers);
    // The kernel writes a received message's sender after this point: what is there now is stale.
    if (direction == MF_INGRESS)
        call.buffers.name = 0;
    if (unlikely(emit_data(sk, task, &call, lane, slot)))
        emit_pieces(&call);
    return 0;
}

SEC("tp_btf/sock_send_length")
int socket_sent(__u64 *context) {
    return moved((struct sock *)context[0], (__s32)context[1], MF_EGRESS, true);
}

SEC("tp_btf/sock_recv_length")
int socket_received(__u64 *context) {
    struct sock *sk = (struct sock *)context[0];
    __s32 flags = (__s32)context[2];
    // Peeked bytes come again; urgent bytes and the error queue are not part of the stream.
    if (flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE))
        return 0;
    // TCP throws away what MSG_TRUNC reads (tcp(7)).
    bool discarded = flags & MSG_TRUNC && sk->sk_protocol == IPPROTO_TCP;
    return moved(sk, (__s32)context[1], MF_INGRESS, !discarded);
}

char mf_license[] SEC("license") = "Dual BSD/GPL";
