// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Plain text of Go's crypto/tls, where programs hand it over and are handed it: (*Conn).Read and
// (*Conn).Write. Go moves stacks and goroutines between threads, so a function's end is seen at its
// return instructions, never by a return probe, and a call belongs to its goroutine.
//
// A connection's first member is the net.Conn that it goes through, so its socket is found by the
// file descriptor in there; what is no such thing gives no socket and is counted.

#include "descriptors.h"
#include "plain.h"

/// What a goroutine is doing in crypto/tls.
struct mf_go_call {
    /// The *tls.Conn.
    __u64 object;
    /// Where the plain text lies; of one on the goroutine's stack, how far below its upper end.
    __u64 buffer;
    __u64 enter;
    /// The place in the socket's stream from which on it moves, if it moves any.
    __u32 sequence;
    __u8 direction;
    __u8 is_on_stack;
    __u8 unused[2];
};

struct mf_go_key {
    /// The runtime's g.
    __u64 goroutine;
    __u32 process;
    __u32 unused;
};

/// Goroutines that end inside a call leave theirs to be forgotten.
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 16384);
    __type(key, struct mf_go_key);
    __type(value, struct mf_go_call);
} go_calls SEC(".maps");

/// Where the Go runtime and library have what is needed: the same since Go 1.9.
enum {
    /// runtime.g: stack.hi, after stack.lo.
    GO_STACK_HIGH = 8,
    /// tls.Conn: conn, an interface of two words, and isClient.
    GO_CONNECTION = 8,
    GO_IS_CLIENT = 16,
    /// poll.FD, which net.netFD begins with: Sysfd, after a lock.
    GO_DESCRIPTOR = 16,
    /// A connection in a connection in ...
    GO_WRAPPERS = 3,
    /// Bytes of a record beside its plain text: head, kind and tag (RFC 8446, section 5.2).
    GO_RECORD_FRAME = 5 + 1 + 16,
};

static __always_inline __u64 read_word(__u64 address) {
    __u64 word = 0;
    return bpf_probe_read_user(&word, sizeof(word), (void *)address) ? 0 : word;
}

/// The TCP socket that a *tls.Conn goes through; NULL when it is of a kind that is not known.
static __always_inline struct sock *stream_of(struct task_struct *task, __u64 object) {
    __u64 connection = read_word(object + GO_CONNECTION);
    for (__u32 depth = 0; depth < GO_WRAPPERS && connection; depth++) {
        __u64 descriptor = read_word(connection);
        __s64 number = -1;
        bool is_read = descriptor && !bpf_probe_read_user(&number, sizeof(number),
                                                          (void *)(descriptor + GO_DESCRIPTOR));
        if (is_read && number >= 0 && number < 1 << 24) {
            struct inode *inode;
            struct sock *sk = socket_behind(task, number, &inode);
            if (sk && is_reported(sk) && KREAD(sk, sk_protocol) == IPPROTO_TCP)
                return sk;
        }
        // Types that wrap a connection begin with it.
        connection = read_word(connection + 8);
    }
    return NULL;
}

static __always_inline __u32 place_in(struct sock *sk, __u8 direction) {
    struct tcp_sock *tcp = (struct tcp_sock *)sk;
    return direction == MF_EGRESS ? KREAD(tcp, write_seq) : KREAD(tcp, copied_seq);
}

static __always_inline int go_began(struct pt_regs *regs, __u8 direction) {
    __u32 process = bpf_get_current_pid_tgid() >> 32;
    if (is_ignored_process(process))
        return 0;
    struct task_struct *task = bpf_get_current_task_btf();
    struct mf_go_key key = {.goroutine = GO_GOROUTINE(regs), .process = process};
    struct mf_go_call call = {.object = GO_PARAMETER_1(regs),
                              .buffer = GO_PARAMETER_2(regs),
                              .enter = bpf_ktime_get_ns(),
                              .direction = direction};
    struct sock *sk = stream_of(task, call.object);
    if (sk)
        call.sequence = place_in(sk, direction);
    // A stack that grows meanwhile lies elsewhere afterwards, but for the distance to its upper
    // end.
    __u64 low = read_word(key.goroutine);
    __u64 high = read_word(key.goroutine + GO_STACK_HIGH);
    if (call.buffer >= low && call.buffer < high) {
        call.is_on_stack = 1;
        call.buffer = high - call.buffer;
    }
    if (bpf_map_update_elem(&go_calls, &key, &call, BPF_ANY))
        COUNT(map_full);
    return 0;
}

SEC("uprobe")
int go_read_began(struct pt_regs *regs) { return go_began(regs, MF_INGRESS); }

SEC("uprobe")
int go_write_began(struct pt_regs *regs) { return go_began(regs, MF_EGRESS); }

/// What is known of a connection and its socket, from its first call on.
static __always_inline struct mf_tls_socket *known_socket(struct mf_tls_key *key, struct sock *sk) {
    __u64 cookie = KREAD(sk, __sk_common.skc_cookie.counter);
    struct mf_tls_socket *known = bpf_map_lookup_elem(&tls_sockets, key);
    // What lay there before is gone, and another connection lies there now.
    if (known && known->socket == cookie)
        return known;
    __u8 is_client = 0;
    bpf_probe_read_user(&is_client, 1, (void *)(key->object + GO_IS_CLIENT));
    struct mf_tls_socket met = {.socket = cookie,
                                .sk = (__u64)sk,
                                .role = is_client ? MF_ROLE_CLIENT : MF_ROLE_SERVER,
                                .is_told = {1, 1}};
    if (bpf_map_update_elem(&tls_sockets, key, &met, BPF_ANY))
        COUNT(map_full);
    return bpf_map_lookup_elem(&tls_sockets, key);
}

static __always_inline int go_ended(struct pt_regs *regs, __u8 direction) {
    struct task_struct *task = bpf_get_current_task_btf();
    struct mf_go_key key = {.goroutine = GO_GOROUTINE(regs), .process = KREAD(task, tgid)};
    struct mf_go_call *running = bpf_map_lookup_elem(&go_calls, &key);
    if (!running || running->direction != direction)
        return 0;
    struct mf_go_call call = *running;
    bpf_map_delete_elem(&go_calls, &key);
    __s64 moved = RETURNED(regs);
    struct sock *sk = stream_of(task, call.object);
    __u32 side = direction & 1;
    __u32 place = sk ? place_in(sk, side) : 0;
    // What was written is in the stream by now: else it is not this one.
    if (!sk || !KREAD(sk, __sk_common.skc_cookie.counter) ||
        (side == MF_EGRESS && moved > 0 && place - call.sequence < moved)) {
        if (moved > 0) {
            COUNT(seen);
            COUNT(lookup_failed);
        }
        return 0;
    }
    if (is_ignored_socket(namespace_of(sk), KREAD(sk, __sk_common.skc_num),
                          __builtin_bswap16(KREAD(sk, __sk_common.skc_dport))))
        return 0;
    struct mf_tls_key object = {.object = call.object, .process = key.process};
    struct mf_tls_socket *known = known_socket(&object, sk);
    if (!known)
        return 0;
    // Without a byte from the stream it is the rest of a record that was begun, perhaps by a call
    // that was woken before it was whole.
    if (place != call.sequence && known->is_told[side]) {
        known->begin[side] = call.sequence;
        known->told[side] = 0;
        known->is_told[side] = 0;
    }
    if (moved <= 0)
        return 0;
    // The first record came along with the end of the handshake, which took it off the stream: it
    // ends where the stream is now.
    if (side == MF_INGRESS && !known->begin[side] && !known->told[side])
        known->begin[side] = place - GO_RECORD_FRAME - moved;
    if (call.is_on_stack)
        call.buffer = read_word(key.goroutine + GO_STACK_HIGH) - call.buffer;
    struct mf_plain told = {.buffer = call.buffer, .length = moved};
    begin_plain(&told, task, known, call.enter, side);
    tell_plain(&told, task, known, sk);
    return 0;
}

SEC("uprobe")
int go_read_ended(struct pt_regs *regs) { return go_ended(regs, MF_INGRESS); }

SEC("uprobe")
int go_write_ended(struct pt_regs *regs) { return go_ended(regs, MF_EGRESS); }

char mf_license[] SEC("license") = "Dual BSD/GPL";
