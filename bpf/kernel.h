// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The kernel's types as far as the probes read them. Only names count: the loader finds the real
// offsets in the running kernel's BTF (CO-RE), so a struct here holds the fields we touch and
// nothing else, and no kernel header is needed to build.

#ifndef METAFLOW_KERNEL_H
#define METAFLOW_KERNEL_H

typedef unsigned char __u8;
typedef signed short __s16;
typedef unsigned short __u16;
typedef signed int __s32;
typedef unsigned int __u32;
typedef signed long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;

#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

#define NULL ((void *)0)
#define true 1
#define false 0

// include/uapi/linux/bpf.h
enum bpf_map_type {
    BPF_MAP_TYPE_HASH = 1,
    BPF_MAP_TYPE_ARRAY = 2,
    BPF_MAP_TYPE_PERCPU_ARRAY = 6,
    BPF_MAP_TYPE_LRU_HASH = 9,
    BPF_MAP_TYPE_SK_STORAGE = 24,
    BPF_MAP_TYPE_RINGBUF = 27,
    BPF_MAP_TYPE_TASK_STORAGE = 29,
};
enum {
    BPF_ANY = 0,
    BPF_F_NO_PREALLOC = 1,
    BPF_F_MMAPABLE = 1 << 10,
    BPF_SK_STORAGE_GET_F_CREATE = 1,
    BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
    BPF_RB_AVAIL_DATA = 0,
    BPF_RB_RING_SIZE = 1,
    BPF_RB_NO_WAKEUP = 1,
    BPF_RB_FORCE_WAKEUP = 2,
};

// include/linux/socket.h, include/uapi/linux/in.h
enum {
    AF_UNIX = 1,
    AF_INET = 2,
    AF_INET6 = 10,
    IPPROTO_TCP = 6,
    IPPROTO_UDP = 17,
    SOCK_STREAM = 1,
    MSG_OOB = 1,
    MSG_PEEK = 2,
    MSG_TRUNC = 0x20,
    MSG_ERRQUEUE = 0x2000,
};

// include/net/tcp_states.h
enum {
    TCP_ESTABLISHED = 1,
    TCP_SYN_SENT = 2,
    TCP_SYN_RECV = 3,
    TCP_CLOSE_WAIT = 8,
    TCP_CLOSE = 7,
    TCP_LISTEN = 10,
};

// include/linux/sched.h: threads that run no system call of a program.
enum {
    PF_IO_WORKER = 0x10,
    PF_USER_WORKER = 0x4000,
    PF_KTHREAD = 0x200000,
};

// include/uapi/linux/stat.h
enum { S_IFMT = 0170000, S_IFSOCK = 0140000 };

// include/uapi/linux/bpf.h: the socket as a control group program sees it. The verifier translates
// the accesses, so the layout is the UAPI's and complete up to the last field read.
struct bpf_sock {
    __u32 bound_dev_if;
    __u32 family;
    __u32 type;
    __u32 protocol;
    __u32 mark;
    __u32 priority;
};

// What follows is copied whole from user memory, so it is the full UAPI layout and not relocated.

// include/uapi/linux/uio.h
struct user_iovec {
    __u64 base;
    __u64 length;
};

// include/linux/socket.h
struct user_msghdr {
    __u64 name;
    __u32 name_length;
    __u32 unused;
    __u64 vector;
    __u64 vector_length;
    __u64 control;
    __u64 control_length;
    __u32 flags;
    __u32 unused_tail;
};

// include/linux/socket.h
struct user_mmsghdr {
    struct user_msghdr header;
    __u32 length;
    __u32 unused;
};

// include/uapi/linux/in6.h; the first eight bytes are also those of a sockaddr_in (in.h).
struct user_sockaddr {
    __u16 family;
    __be16 port;
    __be32 v4_or_flow;
    __u32 v6[4];
};

// Padding below is no concern of ours: the offsets are the running kernel's.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpadded"
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

// include/uapi/linux/in6.h
struct in6_addr {
    union {
        __be32 u6_addr32[4];
    } in6_u;
};

// include/linux/ns_common.h
struct ns_common {
    unsigned int inum;
};

// include/net/net_namespace.h
struct net {
    struct ns_common ns;
};
typedef struct {
    struct net *net;
} possible_net_t;

// include/net/sock.h
struct sock_common {
    volatile unsigned char skc_state;
    union {
        struct {
            __be32 skc_daddr;
            __be32 skc_rcv_saddr;
        };
    };
    union {
        struct {
            __be16 skc_dport;
            __u16 skc_num;
        };
    };
    unsigned short skc_family;
    possible_net_t skc_net;
    struct in6_addr skc_v6_daddr;
    struct in6_addr skc_v6_rcv_saddr;
    unsigned long skc_flags;
    struct {
        __s64 counter;
    } skc_cookie;
};

// include/net/sock.h
enum {
    /// Bit of skc_flags: the other end's FIN has come.
    SOCK_DONE = 1,
};
struct sock {
    struct sock_common __sk_common;
    __u16 sk_protocol;
    __u16 sk_type;
    __u8 sk_shutdown;
    int sk_err;
    struct socket *sk_socket;
};

// include/uapi/linux/un.h
struct sockaddr_un {
    unsigned short sun_family;
    char sun_path[108];
};

// include/net/af_unix.h
struct unix_address {
    /// Bytes of the name, its family included.
    int len;
    struct sockaddr_un name[];
};
struct unix_sock {
    struct sock sk;
    struct unix_address *addr;
    struct sock *peer;
};

// include/net/inet_sock.h
struct inet_sock {
    __be16 inet_sport;
};

// include/net/inet_connection_sock.h
struct inet_connection_sock {
    struct inet_sock icsk_inet;
};

// include/linux/tcp.h
struct tcp_sock {
    struct inet_connection_sock inet_conn;
    /// When a packet of the connection was last sent or taken in, nanoseconds.
    __u64 tcp_clock_cache;
    /// The byte after the last one read, and received; a FIN counts as one.
    __u32 copied_seq;
    __u32 rcv_nxt;
    /// The byte after the last one written, sent, and acknowledged.
    __u32 write_seq;
    __u32 snd_nxt;
    __u32 snd_una;
    __u64 bytes_sent;
    __u64 bytes_received;
    __u64 bytes_retrans;
    __u32 segs_in;
    __u32 segs_out;
    __u32 total_retrans;
    /// The packet acknowledged last: when it was sent, in microseconds, and where it ended.
    struct {
        __u64 mstamp;
        __u32 end_seq;
    } rack;
};

// include/linux/net.h
struct socket {
    struct file *file;
    struct sock *sk;
};

// include/linux/fs.h
struct inode {
    unsigned short i_mode;
    unsigned long i_ino;
};
struct file {
    struct inode *f_inode;
    void *private_data;
};

// include/linux/fdtable.h
struct fdtable {
    unsigned int max_fds;
    struct file **fd;
};
struct files_struct {
    struct fdtable *fdt;
};

// include/linux/sched/signal.h
struct signal_struct {
    struct {
        int counter;
    } live;
};

#if defined(__TARGET_ARCH_x86)
// arch/x86/include/asm/thread_info.h
struct thread_info {
    __u32 status;
};
// arch/x86/include/asm/ptrace.h
struct pt_regs {
    unsigned long r14;
    unsigned long bx;
    unsigned long r10;
    unsigned long r9;
    unsigned long r8;
    unsigned long ax;
    unsigned long cx;
    unsigned long dx;
    unsigned long si;
    unsigned long di;
    unsigned long orig_ax;
};
#elif defined(__TARGET_ARCH_arm64)
// arch/arm64/include/asm/thread_info.h
struct thread_info {
    unsigned long flags;
};
// arch/arm64/include/asm/ptrace.h
struct pt_regs {
    __u64 regs[31];
    __u64 orig_x0;
    __s32 syscallno;
};
#else
#error "the probes know x86 and arm64"
#endif

// include/linux/sched.h
struct task_struct {
    struct thread_info thread_info;
    unsigned int flags;
    int pid;
    int tgid;
    struct task_struct *group_leader;
    __u64 start_boottime;
    char comm[16];
    struct signal_struct *signal;
    struct files_struct *files;
    /// What programs keep with the thread; NULL when none does.
    struct bpf_local_storage *bpf_storage;
};

// include/uapi/linux/bpf.h, kernel/bpf/task_iter.c
struct bpf_iter__task_file {
    struct file *file;
};

// net/ipv4/tcp_ipv4.c
struct bpf_iter__tcp {
    struct sock_common *sk_common;
};

#pragma clang attribute pop
#pragma clang diagnostic pop

#endif
