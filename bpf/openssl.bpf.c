// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Plain text of OpenSSL, where programs hand it over and are handed it: SSL_read and SSL_write,
// their _ex forms, and what is needed to know their sockets; and of GnuTLS, whose functions take
// the same. Attached to files, in whatever process
// maps them. A call costs two traps into the kernel (see README.md), and nothing to programs that
// do not use the library.

#include "plain.h"

static __always_inline int began(struct pt_regs *regs, __u8 direction, bool is_told, bool counts) {
    if (is_ignored_process(bpf_get_current_pid_tgid() >> 32))
        return 0;
    struct mf_tls_call *call = bpf_task_storage_get(&tls_calls, bpf_get_current_task_btf(), NULL,
                                                    BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (!call) {
        COUNT(map_full);
        return 0;
    }
    call->object = PARAMETER_1(regs);
    call->buffer = PARAMETER_2(regs);
    call->moved = counts ? PARAMETER_4(regs) : 0;
    call->enter = bpf_ktime_get_ns();
    call->direction = direction;
    call->is_told = is_told;
    return 0;
}

SEC("uprobe")
int read_began(struct pt_regs *regs) { return began(regs, MF_INGRESS, true, false); }

SEC("uprobe")
int read_ex_began(struct pt_regs *regs) { return began(regs, MF_INGRESS, true, true); }

SEC("uprobe")
int write_began(struct pt_regs *regs) { return began(regs, MF_EGRESS, true, false); }

SEC("uprobe")
int write_ex_began(struct pt_regs *regs) { return began(regs, MF_EGRESS, true, true); }

SEC("uprobe")
int handshake_began(struct pt_regs *regs) { return began(regs, MF_EGRESS, false, false); }

/// The object is gone, and another may come to lie where it lay.
SEC("uprobe")
int object_freed(struct pt_regs *regs) {
    struct mf_tls_key key = {.object = PARAMETER_1(regs),
                             .process = bpf_get_current_pid_tgid() >> 32};
    bpf_map_delete_elem(&tls_sockets, &key);
    return 0;
}

/// How many bytes a function moved that has returned; 0 when none.
static __always_inline __u64 moved_by(struct pt_regs *regs, const struct mf_tls_call *call) {
    __s32 result = RETURNED(regs);
    if (!call->moved)
        return result > 0 ? result : 0;
    __u64 moved;
    if (result != 1 || bpf_probe_read_user(&moved, sizeof(moved), (void *)call->moved))
        return 0;
    return moved;
}

SEC("uretprobe")
int call_ended(struct pt_regs *regs) {
    struct task_struct *task = bpf_get_current_task_btf();
    struct mf_tls_call *running = bpf_task_storage_get(&tls_calls, task, NULL, 0);
    if (!running || !running->object)
        return 0;
    struct mf_tls_call call = *running;
    running->object = 0;
    __u64 moved = moved_by(regs, &call);
    if (!moved || !call.is_told)
        return 0;

    struct mf_tls_key key = {.object = call.object, .process = KREAD(task, tgid)};
    struct mf_tls_socket *known = bpf_map_lookup_elem(&tls_sockets, &key);
    struct sock *sk = known ? (struct sock *)known->sk : NULL;
    if (!known || KREAD(sk, __sk_common.skc_cookie.counter) != (__s64)known->socket) {
        COUNT(seen);
        COUNT(lookup_failed);
        return 0;
    }
    if (is_ignored_socket(namespace_of(sk), KREAD(sk, __sk_common.skc_num),
                          __builtin_bswap16(KREAD(sk, __sk_common.skc_dport))))
        return 0;
    struct mf_plain told = {.buffer = call.buffer, .length = moved};
    begin_plain(&told, task, known, call.enter, call.direction & 1);
    tell_plain(&told, task, known, sk);
    return 0;
}

char mf_license[] SEC("license") = "Dual BSD/GPL";
