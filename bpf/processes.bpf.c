// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Processes that fork, execute a program and end, from the scheduler's tracepoints. They fire once
// each in a process's life. What the process is, user space reads from /proc.

#include "emit.h"

static __always_inline int emit_process(struct task_struct *task, __u8 kind,
                                        struct task_struct *parent) {
    __u32 process = task->tgid;
    if (is_ignored_process(process))
        return 0;
    COUNT(seen);
    struct mf_process_event event = {
        .head = {.bytes = sizeof(event),
                 .kind = kind,
                 .when = bpf_ktime_get_ns(),
                 .process = process},
        .process_start = task->group_leader->start_boottime,
    };
    if (parent) {
        event.parent = parent->tgid;
        event.parent_start = parent->group_leader->start_boottime;
    }
    send(&event, sizeof(event));
    return 0;
}

SEC("tp_btf/sched_process_fork")
int process_forked(__u64 *context) {
    struct task_struct *child = (struct task_struct *)context[1];
    // A new thread is no new process.
    if (child->pid != child->tgid)
        return 0;
    return emit_process(child, MF_EVENT_PROCESS_FORKED, (struct task_struct *)context[0]);
}

SEC("tp_btf/sched_process_exec")
int process_executed(__u64 *context) {
    return emit_process((struct task_struct *)context[0], MF_EVENT_PROCESS_EXECUTED, NULL);
}

SEC("tp_btf/sched_process_exit")
int process_ended(__u64 *context) {
    struct task_struct *task = (struct task_struct *)context[0];
    // The last thread to go ends the process. Two that go at once may both say so.
    if (task->signal->live.counter != 0)
        return 0;
    return emit_process(task, MF_EVENT_PROCESS_ENDED, NULL);
}

char mf_license[] SEC("license") = "Dual BSD/GPL";
