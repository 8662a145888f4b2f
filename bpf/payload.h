// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Finding the bytes of a call in user memory, and copying the first of them behind an event.

#ifndef METAFLOW_PAYLOAD_H
#define METAFLOW_PAYLOAD_H

#include "describe.h"

/// Where a system call's bytes lie in user memory.
struct mf_buffers {
    /// One buffer, or an array of `count` struct user_iovec.
    __u64 address;
    /// Bytes of the one buffer; unused for an array.
    __u64 length;
    /// Buffers in the array; 0 when there is one buffer and no array.
    __u32 count;
    __u32 name_length;
    /// The peer's address that the call names or was given; 0 when none.
    __u64 name;
    /// Whether there is user memory to read at all.
    __u64 known;
};

/// Reads one message header. False when user memory cannot be read.
static __always_inline bool find_message(__u64 address, struct mf_buffers *found) {
    struct user_msghdr header;
    if (bpf_probe_read_user(&header, sizeof(header), (void *)address))
        return false;
    found->address = header.vector;
    found->count =
        header.vector_length > MF_VECTOR_MAX ? MF_VECTOR_MAX : (__u32)header.vector_length;
    found->name = header.name;
    found->name_length = header.name_length;
    return found->count > 0;
}

/// Finds the buffers of a call; `message` counts within sendmmsg and recvmmsg.
static __always_inline void find_buffers(struct pt_regs *regs, __u32 number, __u32 message,
                                         struct mf_buffers *found) {
    __u64 second = ARGUMENT_2(regs);
    switch (number) {
    case SYS_SENDTO:
    case SYS_RECVFROM:
        found->name = ARGUMENT_5(regs);
        found->name_length = number == SYS_SENDTO ? (__u32)ARGUMENT_6(regs) : 16;
        // The first three arguments are those of read and write.
    case SYS_READ:
    case SYS_WRITE:
        found->address = second;
        found->length = ARGUMENT_3(regs);
        found->known = true;
        break;
    case SYS_READV:
    case SYS_WRITEV:
    case SYS_PREADV2:
    case SYS_PWRITEV2: {
        __u64 count = ARGUMENT_3(regs);
        found->address = second;
        found->count = count > MF_VECTOR_MAX ? MF_VECTOR_MAX : (__u32)count;
        found->known = found->count > 0;
        break;
    }
    case SYS_SENDMSG:
    case SYS_RECVMSG:
        found->known = find_message(second, found);
        break;
    case SYS_SENDMMSG:
    case SYS_RECVMMSG:
        found->known = find_message(second + message * sizeof(struct user_mmsghdr), found);
        break;
    }
    if (likely(found->count != 1))
        return;
    // An array of one is one buffer.
    struct user_iovec only;
    found->known = !bpf_probe_read_user(&only, sizeof(only), (void *)found->address);
    found->address = only.base;
    found->length = only.length;
    found->count = 0;
}

/// Puts the address that a datagram was sent to or came from in place of the socket's peer, which
/// an unconnected socket does not have.
static __always_inline void describe_peer(struct mf_socket_facts *facts,
                                          const struct mf_buffers *found) {
    struct user_sockaddr peer;
    if (!found->name || found->name_length < 16)
        return;
    if (bpf_probe_read_user(&peer, 8, (void *)found->name))
        return;
    if (peer.family == AF_INET) {
        facts->remote_port = __builtin_bswap16(peer.port);
        facts->remote[0] = 0;
        facts->remote[1] = mapped(peer.v4_or_flow);
    } else if (peer.family == AF_INET6) {
        if (bpf_probe_read_user(&peer, sizeof(peer), (void *)found->name))
            return;
        facts->remote_port = __builtin_bswap16(peer.port);
        facts->remote[0] = pair(peer.v6[0], peer.v6[1]);
        facts->remote[1] = pair(peer.v6[2], peer.v6[3]);
    }
}

// Sizes are bounded as 64-bit values behind a barrier, right before they are used: the verifier of
// Linux 6.1 loses a bound that was found on another register or on the lower half.

/// Copies up to `want` bytes of one buffer. Returns how many are there.
static __always_inline __u32 copy_buffer(void *payload, const struct mf_buffers *found,
                                         __u32 want) {
    __u64 size = want;
    barrier_var(size);
    if (size > MF_PAYLOAD_MAX)
        return 0;
    return bpf_probe_read_user(payload, size, (void *)found->address) ? 0 : size;
}

/// Copies up to `want` bytes of the buffer `part` behind the `done` bytes that are there. Returns
/// how many are there then. `payload` has room for twice MF_PAYLOAD_MAX: the verifier bounds `done`
/// and `size` each but does not know that their sum is bounded too.
static __always_inline __u64 append(void *payload, const struct user_iovec *part, __u64 done,
                                    __u64 want) {
    __u64 left = want - done;
    __u64 size = part->length < left ? part->length : left;
    barrier_var(size);
    if (size > MF_PAYLOAD_MAX || done > MF_PAYLOAD_MAX)
        return done;
    if (bpf_probe_read_user(payload + done, size, (void *)part->base))
        return done;
    return done + size;
}

/// Copies up to `want` bytes of two buffers, a head and a body mostly.
static __always_inline __u32 copy_two(void *payload, const struct mf_buffers *found, __u32 want) {
    struct user_iovec parts[2];
    if (bpf_probe_read_user(parts, sizeof(parts), (void *)found->address))
        return 0;
    __u64 first = append(payload, &parts[0], 0, want);
    if (first < parts[0].length && first < want)
        return first;
    barrier_var(first);
    return append(payload, &parts[1], first, want);
}

#endif
