// SPDX-License-Identifier: Apache-2.0
//
// The layout of everything that crosses the border between the probes (bpf/) and user space. Both
// sides include this one file, so that there is nothing to keep in step by hand.

#ifndef METAFLOW_PROBE_EVENTS_H
#define METAFLOW_PROBE_EVENTS_H

#ifdef __bpf__
#include "kernel.h"
#else
#include <linux/types.h>
#endif

/// What a record is.
enum mf_event_kind {
    /// A struct mf_data_event, in a lane.
    MF_EVENT_DATA = 0,
    MF_EVENT_OPENED = 1,
    MF_EVENT_CLOSED = 2,
    MF_EVENT_PROCESS_FORKED = 3,
    MF_EVENT_PROCESS_EXECUTED = 4,
    MF_EVENT_PROCESS_ENDED = 5,
    /// A TCP connection inside the host that goes on; a struct mf_totals_event, as MF_EVENT_CLOSED
    /// of TCP is.
    MF_EVENT_PROGRESS = 6,
    /// Data with all facts; a struct mf_socket_event, as events of a socket's life are.
    MF_EVENT_WHOLE = 7,
    /// Facts that data events of a lane need.
    MF_EVENT_SOCKET = 8,
    MF_EVENT_THREAD = 9,
};

enum mf_direction {
    MF_EGRESS = 0,
    MF_INGRESS = 1,
};

enum mf_role {
    MF_ROLE_UNKNOWN = 0,
    MF_ROLE_CLIENT = 1,
    MF_ROLE_SERVER = 2,
};

/// Bits of mf_head.flags; the numbers are those of SocketEvent.Flags.
enum mf_event_flags {
    MF_FLAG_PAYLOAD_UNREADABLE = 1,
    MF_FLAG_TLS = 2,
    MF_FLAG_FROM_SYSCALL = 4,
    MF_FLAG_PARTIAL_GATHER = 8,
};

enum mf_limits {
    /// The most payload bytes one event can carry. More of a stream's call comes in further events.
    MF_PAYLOAD_MAX = 16384,
    /// The most bytes of one call that are copied, in however many events.
    MF_CALL_MAX = 1 << 20,
    /// Bytes of a call's end that are copied when its middle is left out.
    MF_TAIL_BYTES = 1536,
    /// Data events of a socket without a verdict of which more is copied than of later ones.
    MF_FIRST_EVENTS = 8,
    /// Buffers that are looked at in one go; a bound of the stack.
    MF_VECTOR_STEP = 4,
    /// Buffers of one call at most (UIO_MAXIOV).
    MF_VECTOR_MAX = 1024,
    /// Messages of one sendmmsg or recvmmsg that the syscall fallback reports one by one.
    MF_MESSAGES_MAX = 8,
    /// Sockets that share a slot are this far apart: cookies are counted. A power of two.
    MF_SLOTS_BITS = 14,
    MF_SLOTS = 1 << MF_SLOTS_BITS,
};

enum {
    /// In place of an IP protocol number: a UNIX stream socket. No IP protocol will have it.
    MF_TRANSPORT_UNIX = 255,
    /// Bytes of the longest path of one.
    MF_PATH_MAX = 108,
};

/// What user space wants of one plane of a socket, the bytes on the wire or the plain text that a
/// TLS library makes of them, by mf_direction: how many bytes of a call, at most MF_CALL_MAX, and
/// perhaps MF_WANTS_TAIL; or MF_MUTED for no data event at all.
struct mf_verdict {
    __u32 wants[2];
};
#define MF_MUTED 0xffffffffu
#define MF_WANTS_TAIL 0x80000000u

/// What every record begins with, whatever it tells of and whoever wrote it. A reader needs no more
/// to find the next one and to put all into the order of time.
struct mf_head {
    /// Of the record, this head included.
    __u32 bytes;
    /// mf_event_kind
    __u8 kind;
    /// mf_event_flags
    __u8 flags;
    __u16 unused;
    /// CLOCK_MONOTONIC, nanoseconds. Streams are merged by it.
    __u64 when;
    /// What was running: the thread group, the thread, and, where a language runtime has such,
    /// the coroutine; 0 for none, and for what happens in no particular thread.
    __u32 process;
    __u32 thread;
    __u64 coroutine;
};
_Static_assert(sizeof(struct mf_head) == 32, "size of mf_head");

/// Bytes that a socket moved. Payload follows it.
///
/// A call on a stream may make several data events, which lie one after the other in its lane and
/// follow each other in the stream: all of them but the last hold whole what they tell of, or the
/// last but one does not and the last is the call's end. They share what tells of the call: `when`,
/// `lasted`, `ordinal`, thread.
///
/// Of kind MF_EVENT_DATA it stands alone. What is known of its thread is in the last
/// MF_EVENT_THREAD of the same lane before it, and of its socket in the last MF_EVENT_SOCKET of
/// whatever lane.
struct mf_data_event {
    /// `when`: when the bytes had been moved.
    struct mf_head head;
    /// The kernel's socket cookie.
    __u64 socket;
    /// How long before `when` the call began, or the last packet of a TCP send left, nanoseconds;
    /// 0 when that is not known.
    __u32 lasted;
    __u32 sequence;
    /// Bytes that the call moved, or as many of them as this event tells of.
    __u32 length;
    /// Bytes of payload behind the event: the first of `length`.
    __u32 captured;
    __u32 ordinal;
    __u16 syscall;
    __u8 direction;
    __u8 role;
};
_Static_assert(sizeof(struct mf_data_event) == 64, "size of mf_data_event");

/// What does not change of a socket.
struct mf_socket_facts {
    /// Addresses in network byte order, IPv4 in its IPv4-mapped form. A UNIX socket has none:
    /// remote[1] is the other end's cookie, 0 when it has none yet.
    __u64 local[2];
    __u64 remote[2];
    /// Ports in host byte order.
    __u16 local_port;
    __u16 remote_port;
    __u32 netns;
    /// IP protocol number, or MF_TRANSPORT_UNIX.
    __u8 transport;
    __u8 unused[7];
};
_Static_assert(sizeof(struct mf_socket_facts) == 48, "size of mf_socket_facts");

/// What seldom changes of a thread.
struct mf_thread_facts {
    /// task_struct.start_boottime of the thread group leader, nanoseconds.
    __u64 process_start;
    /// task_struct.comm as it lies in memory.
    __u64 comm[2];
};
_Static_assert(sizeof(struct mf_thread_facts) == 24, "size of mf_thread_facts");

/// The facts of the socket whose cookie has these low bits, from here on (MF_EVENT_SOCKET).
struct mf_socket_record {
    struct mf_head head;
    __u64 socket;
    struct mf_socket_facts facts;
};
_Static_assert(sizeof(struct mf_socket_record) == 88, "size of mf_socket_record");

/// The facts of the head's thread, for all events of its lane from here on (MF_EVENT_THREAD).
struct mf_thread_record {
    struct mf_head head;
    struct mf_thread_facts facts;
};
_Static_assert(sizeof(struct mf_thread_record) == 56, "size of mf_thread_record");

/// An event of a socket with all that is known of socket and thread: of its life, and of data
/// (MF_EVENT_WHOLE) where nobody keeps account of what was told: datagrams, each with its peer,
/// plain text of libraries, and the fallback's. Payload follows it.
struct mf_socket_event {
    struct mf_data_event data;
    struct mf_socket_facts socket;
    struct mf_thread_facts thread;
};
_Static_assert(sizeof(struct mf_socket_event) == 136, "size of mf_socket_event");

/// A UNIX socket is seen for the first time: MF_EVENT_OPENED, whose payload is the path that its
/// server listens at.
struct mf_path_event {
    struct mf_socket_event event;
    __u8 path[MF_PATH_MAX];
    __u8 unused[4];
};
_Static_assert(sizeof(struct mf_path_event) == 248, "size of mf_path_event");

/// What a TCP connection carried since it began, as its own socket counts.
struct mf_totals {
    /// CLOCK_MONOTONIC, nanoseconds; 0 when it was there before the probes.
    __u64 opened;
    /// Bytes behind the TCP header, those sent again included.
    __u64 sent;
    __u64 received;
    /// Of what was sent.
    __u64 sent_again;
    __u32 packets_sent;
    __u32 packets_received;
    __u32 packets_sent_again;
    /// The socket's error (errno), of a connection that was closed by one.
    __u16 error;
    /// The state (net/tcp_states.h) before it was closed.
    __u8 state;
    __u8 unused;
};

struct mf_totals_event {
    struct mf_socket_event event;
    struct mf_totals totals;
};
_Static_assert(sizeof(struct mf_totals_event) == 184, "size of mf_totals_event");

/// A process event: forked (the child), executed or ended. The head's process is meant.
struct mf_process_event {
    struct mf_head head;
    /// As in mf_thread_facts.
    __u64 process_start;
    /// Who forked it; 0 for all that is no fork.
    __u64 parent_start;
    __u32 parent;
    __u32 unused;
};
_Static_assert(sizeof(struct mf_process_event) == 56, "size of mf_process_event");

/// A ring of records with one writer and one reader, in memory that both have mapped.
///
/// The writer is one program on one CPU, which never interrupts itself, so there is no lock.
/// Records are multiples of 8 bytes. Positions only grow;
/// modulo the size they are a place in `bytes`. A record that begins there runs on past the end,
/// for which MF_LANE_SLACK bytes follow the ring, and its positions are used up all the same.
struct mf_lane {
    /// Written by the probe: where the next record will begin.
    __u64 written;
    /// Written by the probe: part of mf_counters.seen, which needs no atomic here.
    __u64 seen;
    /// Written by the probe: events that found no room.
    __u64 lost;
    /// Written by the probe: the thread that was told of last, when it began, and its name.
    __u64 thread;
    __u64 thread_start;
    __u64 comm[2];
    __u64 unused_writer;
    /// Written by the reader: where it goes on. On a line of its own.
    __u64 read;
    __u64 unused_reader[7];
    __u8 bytes[];
};
_Static_assert(sizeof(struct mf_lane) == 128, "size of mf_lane");

enum {
    /// What a data event takes in a lane at most, with the facts before it and without payload.
    MF_FACTS_BYTES = 88 + 56 + 64,
    /// Bytes of the smallest lane: the largest record and some.
    MF_LANE_LEAST = 32768,
    /// A header and twice the payload: a bound of the verifier's arithmetic, see append.
    MF_LANE_SLACK = 136 + 2 * MF_PAYLOAD_MAX,
};

/// What the probes remember of a socket, by the low bits of its cookie. The last one seen has the
/// slot.
struct mf_slot {
    /// Written by user space: bumped after verdicts of such cookies were written, so that what was
    /// looked up before is stale.
    __u64 epoch;
    /// Written by the probes, by mf_direction: what was looked up, and for which cookie and epoch,
    /// in one word, because two threads may use two sockets of the slot. See slots.h.
    __u64 words[2];
    /// Calls that moved data of the socket since it has the slot, lost ones included.
    __u32 ordinal;
    /// Of which cookie facts were told last: what is above the low bits, and 1. User space takes it
    /// back when it has not got them.
    __u32 told;
};
_Static_assert(sizeof(struct mf_slot) == 32, "size of mf_slot");

/// Constants of the probes, written into .rodata before loading. 0 means off for every filter.
struct mf_config {
    /// The agent itself, whose calls are never reported.
    __u32 ignored_process;
    /// Payload bytes of a call on a socket without a verdict: of one that sends or receives
    /// requests, if it is known which; of the others among the first of a socket; and of later
    /// ones.
    __u32 request_limit;
    __u32 first_limit;
    __u32 payload_limit;
    /// The reader is woken each time a lane has taken this many bytes; a power of two.
    __u32 wake_bytes;
    /// Only this thread group's calls.
    __u32 only_process;
    /// Only this network namespace's sockets.
    __u32 only_namespace;
    /// Only sockets with this local or remote port.
    __u32 only_port;
    /// Bytes of a lane's ring; a power of two.
    __u32 lane_bytes;
    /// Whether the kernel lets programs keep something with a thread (5.11).
    __u32 has_thread_storage;
};
_Static_assert(sizeof(struct mf_config) == 40, "size of mf_config");

/// What the probes did, one per CPU. Every event that passed the filters and was not muted is
/// counted in `seen` before anything can fail, so
/// seen == records in the ring + ring_full + lookup_failed.
struct mf_counters {
    __u64 seen;
    /// Calls on muted sockets; not part of `seen`.
    __u64 muted;
    /// Events lost because the ring had no room.
    __u64 ring_full;
    /// Events lost because something that describes them could not be found.
    __u64 lookup_failed;
    /// Entries that a map had no room for. An event that is lost for it is counted in
    /// `lookup_failed` too; others go on with less knowledge.
    __u64 map_full;
    /// Events that went on without their payload because user memory could not be read.
    __u64 payload_unreadable;
};
_Static_assert(sizeof(struct mf_counters) == 48, "size of mf_counters");

#endif
