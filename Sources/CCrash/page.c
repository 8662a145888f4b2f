// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "crash.h"

#include <stdatomic.h>
#include <stddef.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

struct mf_worker_page {
    atomic_int up;
    // Which of the two texts is whole.
    atomic_int current;
    atomic_size_t lengths[2];
    char texts[2][MF_COUNTERS_BYTES];
};

int mf_worker_page_create(void) {
    int descriptor = memfd_create("metaflow-worker", MFD_CLOEXEC);
    if (descriptor < 0) return -1;
    if (ftruncate(descriptor, sizeof(struct mf_worker_page))) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

struct mf_worker_page *mf_worker_page_map(int descriptor) {
    void *page = mmap(NULL, sizeof(struct mf_worker_page), PROT_READ | PROT_WRITE, MAP_SHARED,
                      descriptor, 0);
    return page == MAP_FAILED ? NULL : page;
}

void mf_worker_page_set_up(struct mf_worker_page *page, int up) { atomic_store(&page->up, up); }

int mf_worker_page_is_up(const struct mf_worker_page *page) {
    return atomic_load(&((struct mf_worker_page *)page)->up);
}

void mf_worker_page_tell(struct mf_worker_page *page, const char *text, size_t length) {
    int next = !atomic_load(&page->current);
    if (length > MF_COUNTERS_BYTES) length = MF_COUNTERS_BYTES;
    memcpy(page->texts[next], text, length);
    atomic_store(&page->lengths[next], length);
    atomic_store(&page->current, next);
}

size_t mf_worker_page_read(const struct mf_worker_page *shared, char *text, size_t room) {
    struct mf_worker_page *page = (struct mf_worker_page *)shared;
    int current = atomic_load(&page->current) & 1;
    size_t length = atomic_load(&page->lengths[current]);
    if (length > MF_COUNTERS_BYTES) length = MF_COUNTERS_BYTES;
    if (length > room) length = room;
    memcpy(text, page->texts[current], length);
    return length;
}

int mf_end_with_parent(pid_t parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL)) return -1;
    // It may have gone between our start and this line.
    return getppid() == parent ? 0 : -1;
}
