// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Which socket a TLS library's object uses. The library's functions do not say, but they move the
// cipher text themselves, in the same thread: what a thread sends and receives while it is inside
// such a function belongs to the object that the function was called with.

#ifndef METAFLOW_CIPHER_TEXT_H
#define METAFLOW_CIPHER_TEXT_H

#include "pieces.h"
#include "tls.h"

/// Whether a thread was ever inside a TLS library's function (or other programs keep something with
/// it). One load, where looking it up would cost a call.
static __always_inline bool may_be_in_tls(struct task_struct *task) {
    return bpf_core_field_exists(task->bpf_storage) && KREAD(task, bpf_storage) != NULL;
}

/// Notes that the thread moved cipher text through a socket, as `call` describes it.
static __noinline int note_cipher_text(struct task_struct *task, __u64 sk, struct mf_call *call) {
    struct mf_tls_call *tls = bpf_task_storage_get(&tls_calls, task, NULL, 0);
    if (!tls || !tls->object)
        return 0;
    struct mf_tls_key key = {.object = tls->object, .process = KREAD(task, tgid)};
    struct mf_tls_socket *known = bpf_map_lookup_elem(&tls_sockets, &key);
    if (!known || known->socket != call->socket) {
        struct mf_tls_socket met = {
            .socket = call->socket, .sk = sk, .role = call->role, .is_told = {1, 1}};
        if (bpf_map_update_elem(&tls_sockets, &key, &met, BPF_ANY))
            COUNT(map_full);
        known = bpf_map_lookup_elem(&tls_sockets, &key);
        if (!known)
            return 0;
    }
    __u32 side = call->direction & 1;
    if (!tls->is_told) {
        // What a handshake moves holds no plain text.
        known->is_told[side] = 1;
        return 0;
    }
    // OpenSSL reads five bytes, the head of a record, and then the record, unless it is told to
    // read ahead. Of records in a row (a session's ticket comes before the first answer) the last
    // is the one that is handed over.
    bool is_head = side == MF_INGRESS && call->length == 5;
    if (known->is_told[side] || is_head) {
        known->begin[side] = call->sequence;
        known->told[side] = 0;
        known->is_told[side] = 0;
    }
    // Who receives while it wants to send makes a handshake first.
    if (side != tls->direction)
        known->is_told[tls->direction & 1] = 1;
    return 0;
}

#endif
