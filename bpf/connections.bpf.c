// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// TCP connections opened and closed, from the tracepoint inet_sock_set_state (kernel 4.16). It
// fires a few times in a connection's life and never per call.
//
// Who opened is told by the state before: a client comes from SYN_SENT, a server's socket from
// SYN_RECV. Only the step into SYN_SENT runs in the thread that connects; all others may run in a
// softirq, so opened and closed name no process.

#include "describe.h"
#include "slots.h"

static __always_inline void emit_change(struct sock *sk, __u8 kind, __u8 role) {
    struct mf_socket_event event_on_stack;
    struct mf_socket_event *event = &event_on_stack;
    event->kind = kind;
    event->direction = 0;
    event->role = role;
    event->flags = 0;
    event->unused = 0;
    event->syscall = 0;
    event->socket = bpf_get_socket_cookie(sk);
    event->exit = bpf_ktime_get_ns();
    event->enter = event->exit;
    event->sequence = 0;
    event->length = 0;
    event->captured = 0;
    event->ordinal = 0;
    describe_no_thread(event);
    describe_socket(event, sk);
    // A closing socket has given its port back already; inet_sport still knows it.
    struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
    if (!event->local_port && tcp)
        event->local_port = __builtin_bswap16(tcp->inet_conn.icsk_inet.inet_sport);
    send(event, sizeof(*event));
}

static __always_inline bool is_own_call(void) {
    __u32 process = bpf_get_current_pid_tgid() >> 32;
    return config.ignored_process && process == config.ignored_process;
}

SEC("tp_btf/inet_sock_set_state")
int state_changed(__u64 *context) {
    struct sock *sk = (struct sock *)context[0];
    __s32 before = (__s32)context[1];
    __s32 after = (__s32)context[2];
    if (after != TCP_SYN_SENT && after != TCP_ESTABLISHED && after != TCP_CLOSE)
        return 0;
    // Listeners and connections that never came about have no events to end.
    if (after == TCP_CLOSE && (before == TCP_LISTEN || before == TCP_SYN_SENT))
        return 0;
    if (sk->sk_protocol != IPPROTO_TCP || !is_reported(sk))
        return 0;

    __u64 create = after == TCP_CLOSE ? 0 : BPF_SK_STORAGE_GET_F_CREATE;
    struct mf_socket_mark *mark = bpf_sk_storage_get(&marks, sk, 0, create);
    if (!mark && create)
        COUNT(map_full);
    if (after == TCP_SYN_SENT) {
        if (mark) {
            mark->role = MF_ROLE_CLIENT;
            mark->own = is_own_call();
        }
        return 0;
    }
    // A client's mark says so; a server's socket is new here.
    __u8 role = mark ? mark->role : MF_ROLE_UNKNOWN;
    if (after == TCP_ESTABLISHED) {
        role = before == TCP_SYN_SENT ? MF_ROLE_CLIENT : MF_ROLE_SERVER;
        if (mark)
            mark->role = role;
    }
    bool own = mark && mark->own;
    __u64 socket = bpf_get_socket_cookie(sk);
    if (after == TCP_CLOSE) {
        bpf_map_delete_elem(&verdicts, &socket);
        // The same socket may connect again.
        forget(socket);
    }
    __u16 local = sk->__sk_common.skc_num;
    struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
    if (!local && tcp)
        local = __builtin_bswap16(tcp->inet_conn.icsk_inet.inet_sport);
    if (own ||
        is_ignored_socket(namespace_of(sk), local, __builtin_bswap16(sk->__sk_common.skc_dport)))
        return 0;
    COUNT(seen);
    emit_change(sk, after == TCP_CLOSE ? MF_EVENT_CLOSED : MF_EVENT_OPENED, role);
    return 0;
}

char mf_license[] SEC("license") = "Dual BSD/GPL";
