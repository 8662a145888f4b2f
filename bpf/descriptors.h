// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// From the number of a file descriptor to its socket.

#ifndef METAFLOW_DESCRIPTORS_H
#define METAFLOW_DESCRIPTORS_H

#include "kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/// The socket behind a file descriptor of the running task, and its inode; NULL when it is none.
static __always_inline struct sock *socket_behind(struct task_struct *task, __u32 descriptor,
                                                  struct inode **inode) {
    struct fdtable *table = BPF_CORE_READ(task, files, fdt);
    if (descriptor >= BPF_CORE_READ(table, max_fds))
        return NULL;
    struct file **files = BPF_CORE_READ(table, fd);
    struct file *file;
    if (bpf_probe_read_kernel(&file, sizeof(file), files + descriptor) || !file)
        return NULL;
    *inode = BPF_CORE_READ(file, f_inode);
    if ((BPF_CORE_READ(*inode, i_mode) & S_IFMT) != S_IFSOCK)
        return NULL;
    struct socket *socket = BPF_CORE_READ(file, private_data);
    return BPF_CORE_READ(socket, sk);
}

#endif
