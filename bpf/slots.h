// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The verdict of a socket, looked up as seldom as can be: the hash lookup, and finding what is
// stored with the socket, cost more than all else that decides.

#ifndef METAFLOW_SLOTS_H
#define METAFLOW_SLOTS_H

#include "maps.h"

/// mf_slot.word, from the lowest bit: 16 of the payload limit, all ones when muted; 2 of the role;
/// 1 that is set; 21 of the epoch; 24 of the cookie, above those that number the slot. A host that
/// opens 2^38 sockets begins to take one for another.
enum {
    SLOT_MUTED = 0xffff,
    SLOT_ROLE = 16,
    SLOT_KNOWN = 18,
    SLOT_EPOCH = 19,
    SLOT_COOKIE = 40,
};

static __always_inline struct mf_slot *slot_of(__u64 socket) {
    __u32 key = socket & (MF_SLOTS - 1);
    return bpf_map_lookup_elem(&slots, &key);
}

/// Payload bytes wanted of a socket: its verdict, or the default. MF_MUTED for none of its events.
static __always_inline __u32 limit_for(__u64 socket) {
    __u32 *verdict = bpf_map_lookup_elem(&verdicts, &socket);
    __u32 limit = verdict ? *verdict : config.payload_limit;
    if (limit != MF_MUTED && limit > MF_PAYLOAD_MAX)
        limit = MF_PAYLOAD_MAX;
    return limit;
}

/// The word of a socket, brought up to date in its slot.
static __always_inline __u64 word_of(struct mf_slot *slot, struct sock *sk, __u64 socket) {
    __u64 epoch = *(volatile __u64 *)&slot->epoch & ((1ull << (SLOT_COOKIE - SLOT_EPOCH)) - 1);
    __u64 expected = socket >> MF_SLOTS_BITS << SLOT_COOKIE | epoch << SLOT_EPOCH | 1 << SLOT_KNOWN;
    __u64 word = *(volatile __u64 *)&slot->word;
    if (likely(!((word ^ expected) >> SLOT_KNOWN)))
        return word;
    __u32 limit = limit_for(socket);
    struct mf_socket_mark *mark = bpf_sk_storage_get(&marks, sk, 0, 0);
    __u64 role = mark ? mark->role & 3 : MF_ROLE_UNKNOWN;
    if ((word ^ expected) >> SLOT_COOKIE || !word)
        slot->ordinal = 0;
    word = expected | role << SLOT_ROLE | (limit == MF_MUTED ? SLOT_MUTED : limit);
    *(volatile __u64 *)&slot->word = word;
    return word;
}

/// Forgets a socket that may come again under the same cookie.
static __always_inline void forget(__u64 socket) {
    struct mf_slot *slot = slot_of(socket);
    if (slot && !((slot->word >> SLOT_COOKIE) ^ (socket >> MF_SLOTS_BITS)))
        *(volatile __u64 *)&slot->word = 0;
}

#endif
