// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Calls of which more is wanted than one event holds, or than a few buffers hold: several events in
// a row. What is done seldom is in global functions here, which the verifier walks once by
// themselves; they find the lane anew, as they cannot be given it.

#ifndef METAFLOW_PIECES_H
#define METAFLOW_PIECES_H

#include "lanes.h"
#include "payload.h"

/// How far a call is told. Its current event lies in the lane and is not yet published.
struct mf_pieces {
    /// Position of the current event.
    __u64 at;
    /// Bytes to pass over from the call's buffer `index` on, or from its one buffer on.
    __u64 skip;
    /// Bytes of the call before the current event.
    __u32 moved;
    /// Bytes in the current event.
    __u32 done;
    /// Where in the call copying ends.
    __u32 want;
    __u32 index;
    /// Whether user memory could not be read.
    __u32 failed;
    __u32 unused;
};

/// One call (or one message of sendmmsg and recvmmsg) that moved bytes.
struct mf_call {
    __u64 socket;
    __u64 enter;
    /// Bytes moved.
    __u32 length;
    __u32 sequence;
    __u32 ordinal;
    /// The most payload bytes to copy.
    __u32 limit;
    __u32 number;
    __u8 direction;
    __u8 role;
    __u8 flags;
    /// Whether the last bytes are to be copied too if the limit leaves some out.
    __u8 wants_tail;
    bool is_stream;
    bool is_unix;
    /// Whether its events hold all facts.
    bool is_whole;
    __u8 unused[5];
    struct mf_buffers buffers;
    struct mf_pieces pieces;
};

/// Where the payload of a call's events begins.
static __always_inline __u64 head_bytes(const struct mf_call *call) {
    return call->is_whole ? sizeof(struct mf_socket_event) : sizeof(struct mf_data_event);
}

/// Publishes an event whose payload is there.
static __always_inline void finish(struct mf_lane *lane, struct mf_data_event *event, __u32 head) {
    __u64 bytes = ROOM(head, event->captured);
    event->head.bytes = bytes;
    publish(lane, bytes);
}

/// Publishes the current event and begins the one behind it, which tells of the call from `moved`
/// on. False when there is no room; the current event is then the last.
static __always_inline bool next_event(struct mf_lane *lane, struct mf_call *call, __u32 moved) {
    struct mf_pieces *pieces = &call->pieces;
    __u64 at = pieces->at + ROOM(head_bytes(call), pieces->done);
    if (at + ROOM(MF_FACTS_BYTES, MF_PAYLOAD_MAX) - *(volatile __u64 *)&lane->read >
        config.lane_bytes)
        return false;
    struct mf_data_event *event = RECORD_AT(lane, pieces->at);
    struct mf_data_event *next = RECORD_AT(lane, at);
    event->length = moved - pieces->moved;
    event->captured = pieces->done;
    if (call->is_whole)
        *(struct mf_socket_event *)next = *(struct mf_socket_event *)event;
    else
        *next = *event;
    next->sequence = call->sequence + moved;
    finish(lane, event, head_bytes(call));
    lane->seen++;
    pieces->at = at;
    pieces->moved = moved;
    pieces->done = 0;
    return true;
}

/// Copies what fits of one buffer, or of the next few of several, into the current event, or begins
/// another. False when there is nothing more to do.
__noinline int copy_more(struct mf_call *call) {
    if (!call)
        return 0;
    struct mf_pieces *pieces = &call->pieces;
    struct mf_lane *lane = own_lane(call->direction);
    __u32 moved = pieces->moved + pieces->done;
    if (!lane || pieces->failed || moved >= pieces->want ||
        pieces->index >= (call->buffers.count ? call->buffers.count : 1))
        return 0;
    if (pieces->done >= MF_PAYLOAD_MAX && !next_event(lane, call, moved)) {
        pieces->want = moved;
        return 0;
    }
    void *payload = RECORD_AT(lane, pieces->at) + head_bytes(call);
    __u64 done = pieces->done;
    __u64 end = done + pieces->want - moved;
    if (end > MF_PAYLOAD_MAX)
        end = MF_PAYLOAD_MAX;
    struct user_iovec parts[MF_VECTOR_STEP] = {};
    __u64 count = 1;
    if (call->buffers.count) {
        count = call->buffers.count - pieces->index;
        if (count > MF_VECTOR_STEP)
            count = MF_VECTOR_STEP;
        __u64 described = count * sizeof(parts[0]);
        barrier_var(described);
        // All at once: a read costs by the call, not by the byte.
        if (described > sizeof(parts) ||
            bpf_probe_read_user(parts, described,
                                (void *)call->buffers.address + pieces->index * sizeof(parts[0]))) {
            pieces->failed = 1;
            return 0;
        }
    } else {
        parts[0].base = call->buffers.address;
        parts[0].length = call->buffers.length;
    }
    __u64 skip = pieces->skip;
    for (__u32 index = 0; index < MF_VECTOR_STEP; index++) {
        if (index >= count)
            break;
        if (skip >= parts[index].length) {
            skip -= parts[index].length;
            pieces->index++;
            continue;
        }
        struct user_iovec part = {.base = parts[index].base + skip,
                                  .length = parts[index].length - skip};
        __u64 more = append(payload, &part, done, end);
        skip += more - done;
        if (more == done && done < end)
            pieces->failed = 1;
        done = more;
        barrier_var(done);
        if (skip < parts[index].length)
            break;
        skip = 0;
        pieces->index++;
    }
    pieces->skip = skip;
    pieces->done = done;
    return 1;
}

/// Copies until nothing more is wanted, or to be had.
static __always_inline void copy_all(struct mf_call *call) {
    for (__u32 step = 0; step < MF_CALL_MAX / MF_PAYLOAD_MAX + MF_VECTOR_MAX / MF_VECTOR_STEP + 4;
         step++)
        if (!copy_more(call))
            break;
}

/// Tells the rest of a call whose first event was begun.
__noinline int emit_pieces(struct mf_call *call) {
    if (!call)
        return 0;
    struct mf_pieces *pieces = &call->pieces;
    copy_all(call);
    struct mf_lane *lane = own_lane(call->direction);
    if (!lane)
        return 0;
    __u32 told = pieces->moved + pieces->done;
    if (call->wants_tail && !pieces->failed && told < call->length) {
        __u32 tail = call->length - told;
        if (tail > MF_TAIL_BYTES)
            tail = MF_TAIL_BYTES;
        __u32 begin = call->length - tail;
        if (begin == told || next_event(lane, call, begin)) {
            pieces->skip += begin - told;
            pieces->want = call->length;
            copy_all(call);
        }
    }
    struct mf_data_event *event = RECORD_AT(lane, pieces->at);
    event->length = call->length - pieces->moved;
    event->captured = pieces->done;
    if (pieces->failed) {
        event->head.flags |= pieces->done ? MF_FLAG_PARTIAL_GATHER : MF_FLAG_PAYLOAD_UNREADABLE;
        if (!pieces->done)
            COUNT(payload_unreadable);
    }
    finish(lane, event, head_bytes(call));
    return 0;
}

#endif
