// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The maps that probes share, and the constants that user space writes before loading. Every object
// declares all of them; the loader creates each once and gives the same map to every object.

#ifndef METAFLOW_MAPS_H
#define METAFLOW_MAPS_H

#include "kernel.h"
#include "probe_events.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

// A section of its own, so that nothing else the compiler calls constant moves it.
// The lane's size is the smallest there is, so that an object also loads as it is.
const volatile struct mf_config config SEC(".rodata.config") = {.lane_bytes = MF_LANE_LEAST};

/// What happens seldom, to user space: connections and processes. Its size is set by the loader.
struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} ring SEC(".maps");

/// Plain text of TLS libraries, to user space: functions of programs may be preempted inside of a
/// probe, which the lanes do not bear. Its size is set by the loader.
struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} plain SEC(".maps");

/// Data events to user space: a struct mf_lane for each CPU and direction, so that CPUs share no
/// lock and no line. The loader sets how many there are and how large.
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __uint(key_size, sizeof(__u32));
    __uint(value_size, sizeof(struct mf_lane) + MF_LANE_LEAST + MF_LANE_SLACK);
} lanes SEC(".maps");

/// What user space wants of a socket, by cookie. The least recently used goes when it is full, and
/// its socket is again treated as a new one.
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 131072);
    __type(key, __u64);
    __type(value, struct mf_verdict);
} verdicts SEC(".maps");

/// Likewise of the plain text that TLS libraries move through it.
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 32768);
    __type(key, __u64);
    __type(value, struct mf_verdict);
} plain_verdicts SEC(".maps");

/// What is remembered of the sockets seen last, by the low bits of their cookies.
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, MF_SLOTS);
    __type(key, __u32);
    __type(value, struct mf_slot);
} slots SEC(".maps");

/// Counted per CPU and added up by user space.
struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct mf_counters);
} counters SEC(".maps");

/// What is known of a connection from its beginning. It lives in the kernel's socket and goes with
/// it.
struct mf_socket_mark {
    __u8 role;
    /// The connection is the agent's own.
    __u8 own;
    /// Of a UNIX socket: whether it was told, and whether its end was.
    __u8 told;
    __u8 ended;
    /// Likewise: bytes that were moved, by mf_direction.
    __u32 moved[2];
    /// Of a TCP connection: when it began.
    __u32 unused;
    __u64 opened;
};

struct {
    __uint(type, BPF_MAP_TYPE_SK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, __s32);
    __type(value, struct mf_socket_mark);
} marks SEC(".maps");

#endif
