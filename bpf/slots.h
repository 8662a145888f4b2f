// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The verdict of a socket, looked up as seldom as can be: the hash lookup, and finding what is
// stored with the socket, cost more than all else that decides.

#ifndef METAFLOW_SLOTS_H
#define METAFLOW_SLOTS_H

#include "maps.h"

/// A word of mf_slot, from the lowest bit: 21 of the payload limit, see below; 1 whether the tail
/// is wanted; 2 of the role; 1 that is set; 15 of the epoch; 24 of the cookie, above those that
/// number the slot. A host that opens 2^38 sockets begins to take one for another.
enum {
    SLOT_LIMIT = 0x1fffff,
    /// In place of a limit: none of its events are wanted; nobody has said what is wanted.
    SLOT_MUTED = 0x1fffff,
    SLOT_UNDECIDED = 0x1ffffe,
    SLOT_TAIL = 21,
    SLOT_ROLE = 22,
    SLOT_KNOWN = 24,
    SLOT_EPOCH = 25,
    SLOT_COOKIE = 40,
};

static __always_inline struct mf_slot *slot_of(__u64 socket) {
    __u32 key = socket & (MF_SLOTS - 1);
    return bpf_map_lookup_elem(&slots, &key);
}

/// What is wanted of a socket's calls in one direction, as the low bits of a slot's word.
static __always_inline __u64 wanted_of(__u64 socket, __u8 direction) {
    struct mf_verdict *verdict = bpf_map_lookup_elem(&verdicts, &socket);
    if (!verdict)
        return SLOT_UNDECIDED;
    __u32 wants = verdict->wants[direction & 1];
    if (wants == MF_MUTED)
        return SLOT_MUTED;
    __u64 tail = wants & MF_WANTS_TAIL ? 1ull << SLOT_TAIL : 0;
    __u32 limit = wants & ~MF_WANTS_TAIL;
    return tail | (limit < MF_CALL_MAX ? limit : MF_CALL_MAX);
}

/// The word of a socket's direction, brought up to date in its slot.
static __always_inline __u64 word_of(struct mf_slot *slot, struct sock *sk, __u64 socket,
                                     __u8 direction) {
    __u64 epoch = *(volatile __u64 *)&slot->epoch & ((1ull << (SLOT_COOKIE - SLOT_EPOCH)) - 1);
    __u64 expected = socket >> MF_SLOTS_BITS << SLOT_COOKIE | epoch << SLOT_EPOCH | 1 << SLOT_KNOWN;
    volatile __u64 *words = slot->words;
    __u64 word = words[direction & 1];
    if (likely(!((word ^ expected) >> SLOT_KNOWN)))
        return word;
    struct mf_socket_mark *mark = bpf_sk_storage_get(&marks, sk, 0, 0);
    __u64 role = mark ? mark->role & 3 : MF_ROLE_UNKNOWN;
    __u64 other = words[!(direction & 1)];
    if (((word ^ expected) >> SLOT_COOKIE || !word) &&
        ((other ^ expected) >> SLOT_COOKIE || !other))
        slot->ordinal = 0;
    word = expected | role << SLOT_ROLE | wanted_of(socket, direction);
    words[direction & 1] = word;
    return word;
}

/// Forgets a socket that may come again under the same cookie.
static __always_inline void forget(__u64 socket) {
    struct mf_slot *slot = slot_of(socket);
    volatile __u64 *words = slot ? slot->words : NULL;
    for (__u32 index = 0; words && index < 2; index++)
        if (!((words[index] >> SLOT_COOKIE) ^ (socket >> MF_SLOTS_BITS)))
            words[index] = 0;
    if (slot)
        *(volatile __u32 *)&slot->told = 0;
}

#endif
