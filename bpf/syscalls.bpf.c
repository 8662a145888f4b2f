// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Bytes that sockets send and receive, seen at the system calls: the fallback for kernels without
// the tracepoints of sockets.bpf.c. Raw tracepoints at every system call's entry and exit cost each
// call on the host about 0.4 us, socket or not, so this is used only where nothing better is.
//
// A raw tracepoint holds no trusted socket and so cannot have the kernel give it a cookie, only
// read one that is there. Two more programs see to that: known_sockets runs once over the sockets
// that are open at the start, socket_created gives one to each that comes later. Where the kernel
// has neither, a socket is known by its address and inode number, marked by the top bit.

#define MF_CHECKED_READS
#include "cipher_text.h"
#include "data.h"
#include "descriptors.h"

/// A socket call that has begun.
struct mf_begun {
    __u64 enter;
    __u64 sk;
    __u64 inode;
    __u32 number;
    __u8 direction;
    __u8 unused[3];
};

/// By thread. Entries go at the call's exit, so it is bounded by the threads that are in a call.
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 32768);
    __type(key, __u32);
    __type(value, struct mf_begun);
} begun SEC(".maps");

/// Finds the socket behind a file descriptor of the running task. False when it is no socket.
static __always_inline bool find_socket(struct task_struct *task, __u32 descriptor,
                                        struct mf_begun *call) {
    struct inode *inode;
    struct sock *sk = socket_behind(task, descriptor, &inode);
    if (!sk)
        return false;
    call->inode = BPF_CORE_READ(inode, i_ino);
    call->sk = (__u64)sk;
    return is_reported(sk);
}

/// Which way a call moves bytes and through which descriptor. False for calls that move none.
static __always_inline bool is_socket_call(struct task_struct *task, struct pt_regs *regs,
                                           struct mf_begun *call) {
    call->direction = MF_INGRESS;
    switch (call->number) {
    case SYS_WRITE:
    case SYS_WRITEV:
    case SYS_PWRITEV2:
    case SYS_SENDTO:
    case SYS_SENDMSG:
    case SYS_SENDMMSG:
    case SYS_SENDFILE:
        call->direction = MF_EGRESS;
        // The descriptor is the first argument, as for those that receive.
    case SYS_READ:
    case SYS_READV:
    case SYS_PREADV2:
    case SYS_RECVFROM:
    case SYS_RECVMSG:
    case SYS_RECVMMSG:
        return find_socket(task, ARGUMENT_1(regs), call);
    case SYS_SPLICE:
        if (find_socket(task, ARGUMENT_1(regs), call))
            return true;
        call->direction = MF_EGRESS;
        return find_socket(task, ARGUMENT_3(regs), call);
    default:
        return false;
    }
}

SEC("raw_tp/sys_enter")
int call_began(__u64 *context) {
    struct pt_regs *regs = (struct pt_regs *)context[0];
    struct mf_begun call = {.number = (__u32)context[1]};
    __u64 both = bpf_get_current_pid_tgid();
    if (is_ignored_process(both >> 32))
        return 0;
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    if (!is_socket_call(task, regs, &call) || IS_FOREIGN_CALL(task))
        return 0;
    call.enter = bpf_ktime_get_ns();
    __u32 thread = both;
    if (bpf_map_update_elem(&begun, &thread, &call, BPF_ANY)) {
        COUNT(seen);
        COUNT(map_full);
        COUNT(lookup_failed);
    }
    return 0;
}

/// The socket's cookie, or what stands for it.
static __always_inline __u64 identity(struct sock *sk, __u64 inode) {
    __u64 cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
    if (cookie)
        return cookie;
    return 1ull << 63 | (inode & 0xffffff) << 39 | ((__u64)sk >> 6 & 0x7fffffffffull);
}

static __always_inline __u32 message_flags(struct pt_regs *regs, __u32 number) {
    switch (number) {
    case SYS_RECVFROM:
    case SYS_RECVMMSG:
        return ARGUMENT_4(regs);
    case SYS_RECVMSG:
        return ARGUMENT_3(regs);
    default:
        return 0;
    }
}

/// Sends one event. Not 0 when emit_pieces must finish it: called from here it would need more
/// stack than there is. A global function, so that the verifier walks it once and not once for
/// every message of emit_messages.
__noinline int emit_one(struct mf_call *call, __u64 address) {
    if (!call)
        return 0;
    struct mf_lane *lane = own_lane(call->direction);
    if (!lane) {
        COUNT(seen);
        COUNT(lookup_failed);
        return 0;
    }
    return emit_data((struct sock *)address, (struct task_struct *)bpf_get_current_task(), call,
                     lane, NULL);
}

/// Reports the messages of one sendmmsg or recvmmsg, of which `call` describes the socket.
static __always_inline void emit_messages(struct sock *sk, struct pt_regs *regs,
                                          struct mf_call *call, __u32 messages, bool tcp,
                                          bool has_bytes) {
    __u64 vector = ARGUMENT_2(regs);
    for (__u32 index = 0; index < MF_MESSAGES_MAX && index < messages; index++) {
        struct user_mmsghdr message;
        __u64 address = vector + index * sizeof(message);
        struct mf_buffers none = {};
        call->buffers = none;
        if (bpf_probe_read_user(&message, sizeof(message), (void *)address)) {
            COUNT(seen);
            COUNT(lookup_failed);
            continue;
        }
        call->length = message.length;
        if (has_bytes)
            find_buffers(regs, call->number, index, &call->buffers);
        if (emit_one(call, (__u64)sk))
            emit_pieces(call);
        if (tcp)
            call->sequence += message.length;
    }
    if (messages > MF_MESSAGES_MAX) {
        COUNT_MANY(seen, messages - MF_MESSAGES_MAX);
        COUNT_MANY(lookup_failed, messages - MF_MESSAGES_MAX);
    }
}

/// Bytes that a sendmmsg or recvmmsg moved in all, as far as its messages are looked at.
static __always_inline __u32 total_length(__u64 vector, __u32 messages) {
    __u32 total = 0;
    for (__u32 index = 0; index < MF_MESSAGES_MAX && index < messages; index++) {
        struct user_mmsghdr message;
        __u64 address = vector + index * sizeof(message);
        if (bpf_probe_read_user(&message, sizeof(message), (void *)address))
            break;
        total += message.length;
    }
    return total;
}

/// The sequence number after the last byte read. A read that takes that byte takes the FIN behind
/// it too, if there is room.
static __always_inline __u32 last_read(struct tcp_sock *stream) {
    __u32 next = KREAD(stream, copied_seq);
    struct sock *sk = (struct sock *)stream;
    bool took_end =
        next == KREAD(stream, rcv_nxt) && KREAD(sk, __sk_common.skc_flags) & (1UL << SOCK_DONE);
    return next - took_end;
}

SEC("raw_tp/sys_exit")
int call_ended(__u64 *context) {
    struct pt_regs *regs = (struct pt_regs *)context[0];
    __s64 result = (__s64)context[1];
    __u32 thread = bpf_get_current_pid_tgid();
    struct mf_begun *begin = bpf_map_lookup_elem(&begun, &thread);
    if (!begin)
        return 0;
    struct mf_begun saved = *begin;
    bpf_map_delete_elem(&begun, &thread);
    if (result <= 0)
        return 0;

    struct sock *sk = (struct sock *)saved.sk;
    __u32 flags = message_flags(regs, saved.number);
    if (flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE))
        return 0;
    if (is_ignored_socket(namespace_of(sk), KREAD(sk, __sk_common.skc_num),
                          __builtin_bswap16(KREAD(sk, __sk_common.skc_dport))))
        return 0;
    bool tcp = KREAD(sk, sk_protocol) == IPPROTO_TCP;
    bool has_bytes = !(flags & MSG_TRUNC && tcp);
    struct mf_call call = {
        .socket = identity(sk, saved.inode),
        .enter = saved.enter,
        .length = result,
        .number = saved.number,
        .direction = saved.direction,
        .flags = MF_FLAG_FROM_SYSCALL,
        .is_stream = tcp,
        .is_whole = true,
    };
    bool many = saved.number == SYS_SENDMMSG || saved.number == SYS_RECVMMSG;
    if (tcp) {
        __u32 length = many ? total_length(ARGUMENT_2(regs), result) : (__u32)result;
        struct tcp_sock *stream = (struct tcp_sock *)sk;
        __u32 next = saved.direction == MF_EGRESS ? KREAD(stream, write_seq) : last_read(stream);
        call.sequence = next - length;
        if (config.has_thread_storage) {
            struct task_struct *task = bpf_get_current_task_btf();
            if (may_be_in_tls(task))
                note_cipher_text(task, (__u64)sk, &call);
        }
    }
    __u64 word = wanted_of(call.socket, saved.direction);
    if ((word & SLOT_LIMIT) == SLOT_MUTED) {
        COUNT(muted);
        return 0;
    }
    want(&call, word);
    if (many) {
        emit_messages(sk, regs, &call, result, tcp, has_bytes);
        return 0;
    }
    if (has_bytes)
        find_buffers(regs, call.number, 0, &call.buffers);
    if (emit_one(&call, (__u64)sk))
        emit_pieces(&call);
    return 0;
}

SEC("cgroup/sock_create")
int socket_created(struct bpf_sock *sk) {
    bpf_get_socket_cookie(sk);
    return 1;
}

SEC("iter/task_file")
int known_sockets(struct bpf_iter__task_file *context) {
    struct file *file = context->file;
    if (!file)
        return 0;
    struct socket *socket = bpf_sock_from_file(file);
    if (!socket)
        return 0;
    struct sock *sk = socket->sk;
    if (!sk)
        return 0;
    bpf_get_socket_cookie(sk);
    return 0;
}

char mf_license[] SEC("license") = "Dual BSD/GPL";
