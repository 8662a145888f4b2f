// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// UNIX stream sockets. They have no addresses, no sequence numbers and no state that a hook would
// tell of: who listens has a path, the kernel knows who the other end is, bytes are counted here,
// and a connection's end is seen by who reads it.

#ifndef METAFLOW_UNIX_H
#define METAFLOW_UNIX_H

#include "pieces.h"
#include "slots.h"

extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym;

static __always_inline bool is_unix_stream(struct sock *sk) {
    return sk->__sk_common.skc_family == AF_UNIX && sk->sk_type == SOCK_STREAM &&
           bpf_core_type_exists(struct unix_sock);
}

static __always_inline struct unix_sock *unix_of(struct sock *sk) {
    return bpf_rdonly_cast(sk, bpf_core_type_id_kernel(struct unix_sock));
}

/// The cookie of the other end; 0 when there is none, or it has not been given one yet.
static __always_inline __u64 peer_of(struct sock *sk) {
    struct sock *peer = unix_of(sk)->peer;
    return peer ? peer->__sk_common.skc_cookie.counter : 0;
}

static __always_inline void describe_unix(struct mf_socket_facts *facts, struct sock *sk) {
    facts->transport = MF_TRANSPORT_UNIX;
    facts->netns = namespace_of(sk);
    facts->local_port = 0;
    facts->remote_port = 0;
    facts->local[0] = 0;
    facts->local[1] = 0;
    facts->remote[0] = 0;
    facts->remote[1] = peer_of(sk);
}

/// The name of the end that listens: an accepted socket has its listener's, one that connected
/// mostly none. Says by it which end this is.
static __always_inline struct unix_address *listening_name(struct sock *sk, __u8 *role) {
    struct unix_address *own = unix_of(sk)->addr;
    if (own) {
        *role = MF_ROLE_SERVER;
        return own;
    }
    struct sock *peer = unix_of(sk)->peer;
    struct unix_address *other = peer ? unix_of(peer)->addr : NULL;
    *role = other ? MF_ROLE_CLIENT : MF_ROLE_UNKNOWN;
    return other;
}

/// Tells of a UNIX socket that is seen for the first time.
static __always_inline void tell_unix(struct sock *sk, struct mf_socket_mark *mark, __u64 socket) {
    struct unix_address *name = listening_name(sk, &mark->role);
    COUNT(seen);
    struct mf_path_event *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (!record) {
        COUNT(ring_full);
        return;
    }
    describe_life(&record->event, sizeof(*record), MF_EVENT_OPENED, socket);
    record->event.data.role = mark->role;
    describe_unix(&record->event.socket, sk);
    __u64 length = name ? name->len - (__u64)sizeof(unsigned short) : 0;
    barrier_var(length);
    record->path[0] = 0;
    if (length <= MF_PATH_MAX &&
        !bpf_probe_read_kernel(record->path, length, &name->name[0].sun_path)) {
        // A path has a zero behind it, an abstract name one before.
        bool is_abstract = !record->path[0];
        if (is_abstract)
            record->path[0] = '@';
        record->event.data.captured = length ? length - !is_abstract : 0;
    }
    mark->told = 1;
    bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

/// The socket's mark, and what a call on it needs of it: which end it is, and its bytes' place in
/// the stream, which both ends name alike. False when there is no room for a mark.
static __always_inline bool describe_unix_stream(struct sock *sk, struct mf_call *call) {
    struct mf_socket_mark *mark = bpf_sk_storage_get(&marks, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
    if (!mark)
        return false;
    if (unlikely(!mark->told))
        tell_unix(sk, mark, call->socket);
    call->role = mark->role;
    __u64 sender = call->direction == MF_EGRESS ? call->socket : peer_of(sk);
    __u32 begin = (__u32)(sender * 2654435761u);
    call->sequence = begin + __sync_fetch_and_add(&mark->moved[call->direction & 1], call->length);
    return true;
}

static __always_inline void emit_unix_end(struct sock *sk, __u64 socket) {
    bpf_map_delete_elem(&verdicts, &socket);
    forget(socket);
    COUNT(seen);
    struct mf_socket_event *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
    if (!record) {
        COUNT(ring_full);
        return;
    }
    describe_life(record, sizeof(*record), MF_EVENT_CLOSED, socket);
    describe_unix(&record->socket, sk);
    bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

/// A read found that the other end is closed: so is this one, as nothing will move any more.
static __always_inline void end_unix(struct sock *sk) {
    // SHUTDOWN_MASK: a half that was shut down leaves the other.
    if (sk->sk_shutdown != 3)
        return;
    struct mf_socket_mark *mark = bpf_sk_storage_get(&marks, sk, 0, 0);
    if (!mark || !mark->told || mark->ended)
        return;
    mark->ended = 1;
    __u64 peer = peer_of(sk);
    emit_unix_end(sk, sk->__sk_common.skc_cookie.counter);
    if (peer)
        emit_unix_end(sk, peer);
}

#endif
