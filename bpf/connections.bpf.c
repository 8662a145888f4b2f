// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// TCP connections opened and closed, from the tracepoint inet_sock_set_state (kernel 4.16). It
// fires a few times in a connection's life and never per call.
//
// Who opened is told by the state before: a client comes from SYN_SENT, a server's socket from
// SYN_RECV. Only the step into SYN_SENT runs in the thread that connects; all others may run in a
// softirq, so opened and closed name no process. A closing socket tells what it carried, and so
// does, when it is asked for, one that goes on and does not leave the host, where packets are not
// captured.

#include "describe.h"
#include "slots.h"

/// A closing socket has given its port back already; inet_sport still knows it.
static __always_inline __u16 port_of(struct sock *sk, struct tcp_sock *tcp) {
    __u16 port = sk->__sk_common.skc_num;
    return port || !tcp ? port : __builtin_bswap16(tcp->inet_conn.icsk_inet.inet_sport);
}

static __always_inline void emit_opened(struct sock *sk, __u64 socket, __u8 role) {
    struct mf_socket_event *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (!record) {
        COUNT(ring_full);
        return;
    }
    describe_life(record, sizeof(*record), MF_EVENT_OPENED, socket);
    record->data.role = role;
    describe_socket(&record->socket, sk);
    bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

/// Tells of a connection that goes on, or is over, with what it carried.
static __always_inline void emit_totals(struct sock *sk, struct tcp_sock *tcp, __u8 kind,
                                        __u8 state, struct mf_socket_mark *mark) {
    struct mf_totals_event *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (!record) {
        COUNT(ring_full);
        return;
    }
    describe_life(&record->event, sizeof(*record), kind, sk->__sk_common.skc_cookie.counter);
    record->event.data.role = mark ? mark->role : MF_ROLE_UNKNOWN;
    describe_socket(&record->event.socket, sk);
    record->event.socket.local_port = port_of(sk, tcp);
    record->event.data.captured = sizeof(record->totals);
    record->totals.opened = mark ? mark->opened : 0;
    record->totals.sent = tcp->bytes_sent;
    // The other end's FIN is counted as a byte.
    record->totals.received =
        tcp->bytes_received - !!(sk->__sk_common.skc_flags & (1UL << SOCK_DONE));
    record->totals.sent_again = tcp->bytes_retrans;
    record->totals.packets_sent = tcp->segs_out;
    record->totals.packets_received = tcp->segs_in;
    record->totals.packets_sent_again = tcp->total_retrans;
    record->totals.error = sk->sk_err;
    record->totals.state = state;
    record->totals.unused = 0;
    bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
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
    if (after == TCP_CLOSE && before == TCP_LISTEN)
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
            mark->opened = bpf_ktime_get_ns();
        }
        return 0;
    }
    // A client's mark says so; a server's socket is new here.
    __u8 role = mark ? mark->role : MF_ROLE_UNKNOWN;
    if (after == TCP_ESTABLISHED) {
        role = before == TCP_SYN_SENT ? MF_ROLE_CLIENT : MF_ROLE_SERVER;
        if (mark) {
            mark->role = role;
            if (role == MF_ROLE_SERVER)
                mark->opened = bpf_ktime_get_ns();
        }
    }
    bool own = mark && mark->own;
    __u64 socket = bpf_get_socket_cookie(sk);
    if (after == TCP_CLOSE) {
        bpf_map_delete_elem(&verdicts, &socket);
        bpf_map_delete_elem(&plain_verdicts, &socket);
        // The same socket may connect again.
        forget(socket);
    }
    struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
    if (own || !tcp ||
        is_ignored_socket(namespace_of(sk), port_of(sk, tcp),
                          __builtin_bswap16(sk->__sk_common.skc_dport)))
        return 0;
    COUNT(seen);
    if (after == TCP_CLOSE)
        emit_totals(sk, tcp, MF_EVENT_CLOSED, before, mark);
    else
        emit_opened(sk, socket, role);
    return 0;
}

/// Whether a connection does not leave the host: nothing else sees it then.
static __always_inline bool is_inside(struct sock *sk) {
    struct sock_common *ends = &sk->__sk_common;
    if (ends->skc_family == AF_INET)
        return (ends->skc_daddr & 0xff) == 127 || ends->skc_daddr == ends->skc_rcv_saddr;
    if (ends->skc_family != AF_INET6)
        return false;
    struct in6_addr *near = &ends->skc_v6_rcv_saddr;
    struct in6_addr *far = &ends->skc_v6_daddr;
    bool is_mapped = !far->in6_u.u6_addr32[0] && !far->in6_u.u6_addr32[1] &&
                     far->in6_u.u6_addr32[2] == 0xffff0000u;
    return (is_mapped && (far->in6_u.u6_addr32[3] & 0xff) == 127) ||
           (near->in6_u.u6_addr32[0] == far->in6_u.u6_addr32[0] &&
            near->in6_u.u6_addr32[1] == far->in6_u.u6_addr32[1] &&
            near->in6_u.u6_addr32[2] == far->in6_u.u6_addr32[2] &&
            near->in6_u.u6_addr32[3] == far->in6_u.u6_addr32[3]);
}

/// Looks at the connections of this namespace that go on, each time that it is read.
SEC("iter/tcp")
int open_connections(struct bpf_iter__tcp *context) {
    struct sock_common *common = context->sk_common;
    if (!common)
        return 0;
    __u8 state = common->skc_state;
    if (state != TCP_ESTABLISHED && state != TCP_CLOSE_WAIT)
        return 0;
    struct tcp_sock *tcp = bpf_skc_to_tcp_sock(common);
    if (!tcp)
        return 0;
    struct sock *sk = (struct sock *)tcp;
    if (!is_inside(sk))
        return 0;
    struct mf_socket_mark *mark = bpf_sk_storage_get(&marks, sk, 0, 0);
    if ((mark && (mark->own || mark->role == MF_ROLE_SERVER)) ||
        is_ignored_socket(namespace_of(sk), sk->__sk_common.skc_num,
                          __builtin_bswap16(sk->__sk_common.skc_dport)))
        return 0;
    COUNT(seen);
    emit_totals(sk, tcp, MF_EVENT_PROGRESS, state, mark);
    return 0;
}

char mf_license[] SEC("license") = "Dual BSD/GPL";
