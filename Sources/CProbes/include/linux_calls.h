// SPDX-License-Identifier: Apache-2.0
//
// What Swift cannot say by itself: ordered loads and stores on memory shared with the kernel, and
// system calls that the C library declares only under its own feature switches.

#ifndef METAFLOW_LINUX_CALLS_H
#define METAFLOW_LINUX_CALLS_H

#include <malloc.h>
#include <stdint.h>

static inline uint64_t mf_load_acquire_u64(const void *address) {
    return __atomic_load_n((const uint64_t *)address, __ATOMIC_ACQUIRE);
}

static inline uint32_t mf_load_acquire_u32(const void *address) {
    return __atomic_load_n((const uint32_t *)address, __ATOMIC_ACQUIRE);
}

static inline void mf_store_release_u32(void *address, uint32_t value) {
    __atomic_store_n((uint32_t *)address, value, __ATOMIC_RELEASE);
}

static inline void mf_store_release_u64(void *address, uint64_t value) {
    __atomic_store_n((uint64_t *)address, value, __ATOMIC_RELEASE);
}

/// setns(2): moves the calling thread into the namespace behind `descriptor`. 0, or -1 and errno.
int mf_enter_namespace(int descriptor, int kind);

/// unshare(2) of the network namespace for the calling thread. 0, or -1 and errno.
int mf_leave_network_namespace(void);

/// An epoll(7) descriptor that tells when somebody wakes those who wait for `descriptor`, and not
/// that there is something to read. The caller closes it. -1 and errno.
int mf_watch(int descriptor);

/// Times that the kernel did not run a BPF program, as it was running on the CPU already; 0 where
/// the kernel does not say.
uint64_t mf_program_misses(int program);

/// pipe2(2): the end to read from and the end to write to, closed when another program is run. 0,
/// or -1 and errno.
int mf_pipe(int ends[2]);

/// A perf_event_open(2) descriptor whose ring tells, with struct mf_mapping_record, of files that
/// processes of all kinds map on this processor to run code from. -1 and errno.
int mf_open_mappings(int processor);

/// The beginning of a PERF_RECORD_MMAP2 (include/uapi/linux/perf_event.h), whose file name follows.
struct mf_mapping_record {
    uint32_t kind;
    uint16_t misc;
    uint16_t bytes;
    uint32_t process;
    uint32_t thread;
    uint64_t address;
    uint64_t length;
    uint64_t offset;
    uint32_t device[2];
    uint64_t inode[2];
    uint32_t protection;
    uint32_t flags;
};

enum {
    MF_RECORD_MAPPING = 10,
    MF_RECORD_LOST = 2,
    /// Where the first page of the ring has the writer's and the reader's position.
    MF_MAPPINGS_WRITTEN = 1024,
    MF_MAPPINGS_READ = 1032,
};

/// Waits on what mf_watch gave. 1 when woken, 0 when the time is over, -1 and errno.
int mf_wait(int watch, int milliseconds);

/// Blocks of a megabyte and more return to the host when they are freed, however many there were.
static inline void mf_return_large_blocks(void) {
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    mallopt(M_TRIM_THRESHOLD, 4 << 20);
    /* An arena for each thread would keep what a burst took in each of them. */
    mallopt(M_ARENA_MAX, 2);
}

static inline void mf_return_freed(void) { malloc_trim(0); }

#endif
