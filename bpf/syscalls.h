// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// System call numbers and arguments of the machines we run on, and what a thread of a program of
// another machine (32-bit) looks like.

#ifndef METAFLOW_SYSCALLS_H
#define METAFLOW_SYSCALLS_H

#include "kernel.h"

// Reading a kernel field: a plain load where the verifier knows the pointer's type, a checked copy
// where it does not (raw tracepoints). A probe chooses by defining MF_CHECKED_READS.
#ifdef MF_CHECKED_READS
#define KREAD(pointer, field) BPF_CORE_READ(pointer, field)
#else
#define KREAD(pointer, field) ((pointer)->field)
#endif

#if defined(__TARGET_ARCH_x86)
// arch/x86/entry/syscalls/syscall_64.tbl
enum {
    SYS_READ = 0,
    SYS_WRITE = 1,
    SYS_READV = 19,
    SYS_WRITEV = 20,
    SYS_SENDFILE = 40,
    SYS_SENDTO = 44,
    SYS_RECVFROM = 45,
    SYS_SENDMSG = 46,
    SYS_RECVMSG = 47,
    SYS_SPLICE = 275,
    SYS_RECVMMSG = 299,
    SYS_SENDMMSG = 307,
    SYS_PREADV2 = 327,
    SYS_PWRITEV2 = 328,
};
#define SYSCALL_NUMBER(regs) ((__u32)KREAD(regs, orig_ax))
#define ARGUMENT_1(regs) KREAD(regs, di)
#define ARGUMENT_2(regs) KREAD(regs, si)
#define ARGUMENT_3(regs) KREAD(regs, dx)
#define ARGUMENT_4(regs) KREAD(regs, r10)
#define ARGUMENT_5(regs) KREAD(regs, r8)
#define ARGUMENT_6(regs) KREAD(regs, r9)
// Of a function in user space that has just begun, or has returned.
#define PARAMETER_1(regs) ((regs)->di)
#define PARAMETER_2(regs) ((regs)->si)
#define PARAMETER_4(regs) ((regs)->cx)
#define RETURNED(regs) ((regs)->ax)
// Likewise of a function of Go, and the goroutine that runs (Go's internal ABI, "Architecture
// specifics", cmd/compile/abi-internal.md).
#define GO_PARAMETER_1(regs) ((regs)->ax)
#define GO_PARAMETER_2(regs) ((regs)->bx)
#define GO_GOROUTINE(regs) ((regs)->r14)
// TS_COMPAT: the call came through the 32-bit door.
#define IS_FOREIGN_CALL(task) (KREAD(task, thread_info.status) & 2)
#else
// include/uapi/asm-generic/unistd.h
enum {
    SYS_READ = 63,
    SYS_WRITE = 64,
    SYS_READV = 65,
    SYS_WRITEV = 66,
    SYS_SENDFILE = 71,
    SYS_SPLICE = 76,
    SYS_SENDTO = 206,
    SYS_RECVFROM = 207,
    SYS_SENDMSG = 211,
    SYS_RECVMSG = 212,
    SYS_RECVMMSG = 243,
    SYS_SENDMMSG = 269,
    SYS_PREADV2 = 286,
    SYS_PWRITEV2 = 287,
};
#define SYSCALL_NUMBER(regs) ((__u32)KREAD(regs, syscallno))
// regs[0] becomes the result; the other argument registers stay until the return.
#define ARGUMENT_1(regs) KREAD(regs, orig_x0)
#define ARGUMENT_2(regs) KREAD(regs, regs[1])
#define ARGUMENT_3(regs) KREAD(regs, regs[2])
#define ARGUMENT_4(regs) KREAD(regs, regs[3])
#define ARGUMENT_5(regs) KREAD(regs, regs[4])
#define ARGUMENT_6(regs) KREAD(regs, regs[5])
#define PARAMETER_1(regs) ((regs)->regs[0])
#define PARAMETER_2(regs) ((regs)->regs[1])
#define PARAMETER_4(regs) ((regs)->regs[3])
#define RETURNED(regs) ((regs)->regs[0])
#define GO_PARAMETER_1(regs) ((regs)->regs[0])
#define GO_PARAMETER_2(regs) ((regs)->regs[1])
#define GO_GOROUTINE(regs) ((regs)->regs[28])
// TIF_32BIT
#define IS_FOREIGN_CALL(task) (KREAD(task, thread_info.flags) & (1ul << 22))
#endif

#endif
