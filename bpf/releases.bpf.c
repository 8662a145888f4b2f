// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The end of UDP sockets, which have no state to change: the release hook of the root control
// group (kernel 5.9). It runs once when a socket is closed, where only the socket's identity can
// be had, not its addresses.

#include "emit.h"

SEC("cgroup/sock_release")
int socket_released(struct bpf_sock *sk) {
    if (sk->protocol != IPPROTO_UDP)
        return 1;
    if (is_ignored_process(bpf_get_current_pid_tgid() >> 32))
        return 1;
    __u64 socket = bpf_get_socket_cookie(sk);
    bpf_map_delete_elem(&verdicts, &socket);
    COUNT(seen);
    struct mf_socket_event event = {
        .data = {.head = {.bytes = sizeof(event),
                          .kind = MF_EVENT_CLOSED,
                          .when = bpf_ktime_get_ns()},
                 .socket = socket},
        .socket = {.transport = IPPROTO_UDP},
    };
    send(&event, sizeof(event));
    return 1;
}

char mf_license[] SEC("license") = "Dual BSD/GPL";
