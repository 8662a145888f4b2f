// SPDX-License-Identifier: Apache-2.0
//
// The handler runs in a process that may be broken in any way: it allocates nothing, takes no lock, and
// reads the bytes that were being parsed through the kernel, which answers for addresses that are none.

#define _GNU_SOURCE
#include "crash.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// Bytes told of those that were being read.
#define TOLD_BYTES 65536
// What a handler needs, many times over.
#define STACK_BYTES 65536

static _Thread_local struct mf_crumb crumb;

static char report_path[4096];
static char report_version[64];
static const struct mf_worker_page *report_page;
static int report_raw;
static atomic_flag reporting = ATOMIC_FLAG_INIT;

static uint8_t told[TOLD_BYTES];
static char counters[MF_COUNTERS_BYTES];
static char line[512];
static size_t line_count;

static const char *test_pattern;
static size_t test_length;

static const int deadly[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGSYS};

static void write_all(int file, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(file, bytes, length);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        bytes += written;
        length -= (size_t)written;
    }
}

static void flush(int file) {
    write_all(file, line, line_count);
    line_count = 0;
}

static void put(int file, const char *text, size_t length) {
    for (size_t index = 0; index < length; index++) {
        if (line_count == sizeof line) flush(file);
        line[line_count++] = text[index];
    }
}

static void put_text(int file, const char *text) { put(file, text, strlen(text)); }

static void put_number(int file, uint64_t number) {
    char digits[20];
    size_t start = sizeof digits;
    do {
        digits[--start] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    put(file, digits + start, sizeof digits - start);
}

static void put_field(int file, const char *name, uint64_t number) {
    put_text(file, name);
    put(file, " ", 1);
    put_number(file, number);
    put(file, "\n", 1);
}

void mf_crash_shape(uint8_t *bytes, size_t length) {
    for (size_t index = 0; index < length; index++) {
        uint8_t byte = bytes[index];
        if ((byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z')) {
            bytes[index] = 'a';
        } else if (byte >= '0' && byte <= '9') {
            bytes[index] = '0';
        } else if (byte >= 0xc2 && byte <= 0xf4) {
            size_t following = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
            size_t found = 0;
            while (found < following && index + 1 + found < length &&
                   (bytes[index + 1 + found] & 0xc0) == 0x80)
                found++;
            // A letter that the end cuts is one too.
            if (found < following && index + 1 + found < length) continue;
            for (size_t part = 0; part <= found; part++) bytes[index + part] = 'a';
            index += found;
        }
    }
}

// Escapes are as long as in a C literal; a line ends where the bytes' lines do.
static void put_bytes(int file, const uint8_t *bytes, size_t length) {
    static const char hex[] = "0123456789abcdef";
    for (size_t index = 0; index < length; index++) {
        uint8_t byte = bytes[index];
        if (byte == '\\') {
            put(file, "\\\\", 2);
        } else if (byte >= 0x20 && byte < 0x7f) {
            put(file, (const char *)&byte, 1);
        } else {
            char escape[4] = {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
            put(file, escape, 4);
        }
        if (byte == '\n') put(file, "\n", 1);
    }
    put(file, "\n", 1);
}

static void put_crumb(int file) {
    size_t wanted = crumb.length < TOLD_BYTES ? crumb.length : TOLD_BYTES;
    struct iovec to = {told, wanted};
    struct iovec from = {(void *)crumb.bytes, wanted};
    ssize_t got = wanted > 0 ? process_vm_readv(getpid(), &to, 1, &from, 1, 0) : 0;
    size_t count = got > 0 ? (size_t)got : 0;
    if (!report_raw) mf_crash_shape(told, count);
    put_field(file, "bytes", crumb.length);
    put_text(file, report_raw ? "first " : "shape of the first ");
    put_number(file, count);
    put_text(file, "\n");
    put_bytes(file, told, count);
}

static void report(int number, const siginfo_t *cause) {
    int file = open(report_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return;
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    put_text(file, "metaflow-agent crash report 1\nversion ");
    put_text(file, report_version);
    put_text(file, "\n");
    put_field(file, "time", (uint64_t)now.tv_sec);
    put_field(file, "signal", (uint64_t)number);
    // Above 0 the kernel found the fault, otherwise somebody sent the signal.
    if (cause->si_code <= 0) put_field(file, "sent_by", (uint64_t)cause->si_pid);
    put_field(file, "protocol", crumb.activity & 0xff);
    put_field(file, "activity", crumb.activity >> 8 & 0xff);
    flush(file);
    if (report_page) {
        put_text(file, "counters\n");
        put(file, counters, mf_worker_page_read(report_page, counters, sizeof counters));
    }
    if (crumb.activity >> 8 & 0xff) put_crumb(file);
    flush(file);
    close(file);
}

static void handle(int number, siginfo_t *cause, void *context) {
    (void)context;
    // Another thread that dies meanwhile waits for the end of the first.
    if (atomic_flag_test_and_set(&reporting)) {
        for (;;) pause();
    }
    report(number, cause);
    signal(number, SIG_DFL);
    raise(number);
}

int mf_crash_watch(const char *path, const char *version, const struct mf_worker_page *page, int raw) {
    if (strlen(path) >= sizeof report_path || strlen(version) >= sizeof report_version) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(report_path, path);
    strcpy(report_version, version);
    report_page = page;
    report_raw = raw;
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (size_t index = 0; index < sizeof deadly / sizeof deadly[0]; index++) {
        if (sigaction(deadly[index], &action, NULL)) return -1;
    }
    return 0;
}

uintptr_t mf_crash_thread(void) {
    void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    // Without one the thread's own stack serves, unless that is what overflowed.
    if (stack != MAP_FAILED) {
        stack_t alternate = {.ss_sp = stack, .ss_size = STACK_BYTES};
        sigaltstack(&alternate, NULL);
    }
    crumb.pattern = (uintptr_t)test_pattern;
    crumb.pattern_length = test_length;
    return (uintptr_t)&crumb;
}

void mf_crash_test(const char *pattern, size_t length) {
    char *copy = malloc(length + 1);
    if (!copy) return;
    memcpy(copy, pattern, length);
    test_pattern = copy;
    test_length = length;
}
