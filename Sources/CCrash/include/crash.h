// SPDX-License-Identifier: Apache-2.0
//
// What is kept when the worker of the agent dies: its breadcrumbs, its counters, and a report that a
// signal handler writes with nothing but open and write.
#ifndef METAFLOW_CRASH_H
#define METAFLOW_CRASH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// What a thread is parsing. The layout is that of Bytes.Breadcrumb, which writes it.
struct mf_crumb {
    uintptr_t bytes;
    size_t length;
    // Bits 0 to 7 the protocol's number, bits 8 to 15 what is done with it: 0 nothing, 1 it is looked
    // for, 2 it is read.
    uintptr_t activity;
    // Bytes that end the process when they are read; none when the length is 0.
    uintptr_t pattern;
    size_t pattern_length;
};

// Bytes of the text of counters.
#define MF_COUNTERS_BYTES 16384

// Shared by supervisor and worker, so that it is there also after a SIGKILL.
struct mf_worker_page;

// A page in an unnamed file; the descriptor, or -1 and errno.
int mf_worker_page_create(void);
// Maps it; NULL and errno when that fails.
struct mf_worker_page *mf_worker_page_map(int descriptor);
// The worker is up: what ends it with an exit code from now on was not there at its start.
void mf_worker_page_set_up(struct mf_worker_page *page, int up);
int mf_worker_page_is_up(const struct mf_worker_page *page);
// Takes the place of the text before; what is beyond the room is cut. For one writer at a time.
void mf_worker_page_tell(struct mf_worker_page *page, const char *text, size_t length);
// Copies the last whole text; the bytes of it.
size_t mf_worker_page_read(const struct mf_worker_page *page, char *text, size_t room);

// Makes this process end when its parent does; 0, or -1 when the parent is gone already.
int mf_end_with_parent(pid_t parent);

// From now on a deadly signal writes a report to `path` before it ends the process. `raw`: whether
// bytes are written as they are, not their shape alone. 0, or -1 and errno. Once a process.
int mf_crash_watch(const char *path, const char *version, const struct mf_worker_page *page, int raw);

// Gives the calling thread a stack of its own for that, and returns its breadcrumb.
uintptr_t mf_crash_thread(void);

// Threads that begin after this end the process when they are to read bytes with `pattern` in them.
void mf_crash_test(const char *pattern, size_t length);

// Writes the shape of `bytes` over them: letters, of any script in UTF-8, become a, digits 0.
void mf_crash_shape(uint8_t *bytes, size_t length);

#endif
