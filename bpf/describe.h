// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The facts about a socket and about the running thread.

#ifndef METAFLOW_DESCRIBE_H
#define METAFLOW_DESCRIBE_H

#include "emit.h"
#include "syscalls.h"

/// The second word of an IPv4-mapped address (RFC 4291 section 2.5.5.2), in network byte order.
static __always_inline __u64 mapped(__be32 v4) { return (__u64)v4 << 32 | 0xffff0000u; }

static __always_inline __u64 pair(__be32 first, __be32 second) {
    return (__u64)second << 32 | first;
}

/// Whether the socket is of a kind that is reported.
static __always_inline bool is_reported(struct sock *sk) {
    __u16 family = KREAD(sk, __sk_common.skc_family);
    if (family != AF_INET && family != AF_INET6)
        return false;
    __u16 protocol = KREAD(sk, sk_protocol);
    return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

static __always_inline __u32 namespace_of(struct sock *sk) {
    struct net *net = KREAD(sk, __sk_common.skc_net.net);
    return KREAD(net, ns.inum);
}

static __always_inline void describe_socket(struct mf_socket_facts *facts, struct sock *sk) {
    facts->transport = KREAD(sk, sk_protocol);
    facts->netns = namespace_of(sk);
    facts->local_port = KREAD(sk, __sk_common.skc_num);
    facts->remote_port = __builtin_bswap16(KREAD(sk, __sk_common.skc_dport));
    if (KREAD(sk, __sk_common.skc_family) == AF_INET) {
        facts->local[0] = 0;
        facts->local[1] = mapped(KREAD(sk, __sk_common.skc_rcv_saddr));
        facts->remote[0] = 0;
        facts->remote[1] = mapped(KREAD(sk, __sk_common.skc_daddr));
        return;
    }
#define V6(name, index) KREAD(sk, __sk_common.name.in6_u.u6_addr32[index])
    facts->local[0] = pair(V6(skc_v6_rcv_saddr, 0), V6(skc_v6_rcv_saddr, 1));
    facts->local[1] = pair(V6(skc_v6_rcv_saddr, 2), V6(skc_v6_rcv_saddr, 3));
    facts->remote[0] = pair(V6(skc_v6_daddr, 0), V6(skc_v6_daddr, 1));
    facts->remote[1] = pair(V6(skc_v6_daddr, 2), V6(skc_v6_daddr, 3));
#undef V6
}

// The name as two words: a call would cost more than the loads.
static __always_inline void read_comm(__u64 comm[2], struct task_struct *task) {
#ifdef MF_CHECKED_READS
    (void)task;
    bpf_get_current_comm(comm, 2 * sizeof(__u64));
#else
    const __u64 *words = (const __u64 *)task->comm;
    comm[0] = words[0];
    comm[1] = words[1];
#endif
}

static __always_inline void describe_thread(struct mf_thread_facts *facts,
                                            struct task_struct *task) {
    struct task_struct *leader = KREAD(task, group_leader);
    facts->process_start = KREAD(leader, start_boottime);
    read_comm(facts->comm, task);
}

/// Begins an event that happens in no particular thread.
static __always_inline void describe_life(struct mf_socket_event *event, __u32 bytes, __u8 kind,
                                          __u64 socket) {
    struct mf_socket_event life = {
        .data = {.head = {.bytes = bytes, .kind = kind, .when = bpf_ktime_get_ns()},
                 .socket = socket}};
    *event = life;
}

#endif
