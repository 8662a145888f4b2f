// SPDX-License-Identifier: Apache-2.0

// Keeps resident what the engine uses of its library, not what it ever touched.
//
// The library is 860 MB, with half a million symbols. Loading it walks through all of their names,
// starting and every rare statement through code that is not needed again; together 200 MB that would
// stay resident for good. They are pages of a file that nobody changed: the kernel has them in its
// cache as long as it has room, and maps them again when they are touched.

#define _GNU_SOURCE
#include "residency.h"
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { seconds_between = 60 };

// Unmaps the whole pages between two addresses.
static void forget(uintptr_t from, uintptr_t to)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    from = (from + page - 1) & ~(page - 1);
    to &= ~(page - 1);
    if (from < to)
        (void)madvise((void *)from, to - from, MADV_DONTNEED);
}

// Symbols of a library. The table does not tell its length: the last one in the chains of its hash
// table ends it.
static size_t symbol_count(const uint32_t *hash)
{
    const uint32_t bucket_count = hash[0], first = hash[1], bloom_words = hash[2];
    const uint32_t *buckets = hash + 4 + bloom_words * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
    const uint32_t *chains = buckets + bucket_count;
    uint32_t last = 0;
    for (uint32_t i = 0; i < bucket_count; i++)
        if (buckets[i] > last)
            last = buckets[i];
    if (last < first)
        return first;
    while ((chains[last - first] & 1) == 0)
        last++;
    return last + 1;
}

// Symbols and their names can lie in a segment that may be written, for the sake of other things in
// it. Nobody writes to them.
static void forget_symbols(const struct dl_phdr_info *object, const ElfW(Phdr) *dynamic)
{
    static size_t count;
    const ElfW(Addr) base = object->dlpi_addr;
    const ElfW(Dyn) *entry = (const ElfW(Dyn) *)(base + dynamic->p_vaddr);
    uintptr_t symbols = 0, names = 0, hash = 0;
    size_t name_bytes = 0;
    for (; entry->d_tag != DT_NULL; entry++) {
        switch (entry->d_tag) {
        case DT_SYMTAB: symbols = entry->d_un.d_ptr; break;
        case DT_STRTAB: names = entry->d_un.d_ptr; break;
        case DT_STRSZ: name_bytes = entry->d_un.d_val; break;
        case DT_GNU_HASH: hash = entry->d_un.d_ptr; break;
        default: break;
        }
    }
    // Offsets, where the loader has not made addresses of them.
    if (symbols < base || names < base || hash < base)
        return;
    if (count == 0)
        count = symbol_count((const uint32_t *)hash);
    forget(symbols, symbols + count * sizeof(ElfW(Sym)));
    forget(names, names + name_bytes);
}

static int visit(struct dl_phdr_info *object, size_t size, void *path)
{
    (void)size;
    if (object->dlpi_name == NULL || strcmp(object->dlpi_name, path) != 0)
        return 0;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &object->dlpi_phdr[i];
        uintptr_t start = object->dlpi_addr + header->p_vaddr;
        if (header->p_type == PT_LOAD && (header->p_flags & PF_W) == 0)
            forget(start, start + header->p_filesz);
        else if (header->p_type == PT_DYNAMIC)
            forget_symbols(object, header);
    }
    return 1;
}

static void *keep_small(void *path)
{
    const struct timespec pause = {.tv_sec = seconds_between};
    for (;;) {
        dl_iterate_phdr(visit, path);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

void keep_library_small(const char *path)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 128 << 10);
    // Without the thread the engine is larger, and works.
    (void)pthread_create(&thread, &attributes, keep_small, (void *)path);
    pthread_attr_destroy(&attributes);
}
