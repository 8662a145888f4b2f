// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What is known of threads that are inside of TLS libraries, and of the libraries' objects.

#ifndef METAFLOW_TLS_H
#define METAFLOW_TLS_H

#include "maps.h"

/// What a thread is doing in a TLS library. It goes with the thread.
struct mf_tls_call {
    /// The library's object for the connection; 0 outside of its functions.
    __u64 object;
    __u64 buffer;
    /// Where the number of bytes moved is written; 0 when it is what the function returns.
    __u64 moved;
    __u64 enter;
    __u8 direction;
    /// Whether it moves plain text, and is no handshake.
    __u8 is_told;
    __u8 unused[6];
};

struct {
    __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, __s32);
    __type(value, struct mf_tls_call);
} tls_calls SEC(".maps");

struct mf_tls_key {
    __u64 object;
    __u32 process;
    __u32 unused;
};

/// The socket of a TLS object, and how far its directions are.
struct mf_tls_socket {
    __u64 socket;
    /// The kernel's struct sock. It may be gone: its cookie tells.
    __u64 sk;
    /// By mf_direction: the place in the stream of the record that was begun last, the plain text
    /// that was handed over of it, and whether any was.
    __u32 begin[2];
    __u32 told[2];
    __u8 is_told[2];
    __u8 role;
    __u8 unused;
    /// Calls that moved plain text.
    __u32 ordinal;
};

/// Entries go when the object is freed; the least recently used is forgotten when it is full.
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 32768);
    __type(key, struct mf_tls_key);
    __type(value, struct mf_tls_socket);
} tls_sockets SEC(".maps");

#endif
