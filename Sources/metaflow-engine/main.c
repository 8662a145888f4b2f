// SPDX-License-Identifier: Apache-2.0

// Starts the storage engine, a ClickHouse server, in this process.
//
//   metaflow-engine --library PATH/_chdb.abi3.so [--parent PID] SERVER-ARGUMENTS...
//   metaflow-engine --clickhouse PATH [--parent PID] SERVER-ARGUMENTS...
//
// The first form loads the server out of the pinned engine library (docs/guides tells which). That
// library is built as a Python extension and carries a C++ runtime of its own. So this program is
// plain C: a second C++ runtime in the process, which every Swift program has, would catch the
// engine's exceptions and crash. interpreter.c stands in for Python. The second form runs an
// installed ClickHouse instead. Either way the engine gets SIGTERM when its parent dies.

#define _GNU_SOURCE
#include "residency.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

typedef int (*server_main)(int argc, char **argv);

// `int mainEntryClickHouseServer(int, char **)`, as the C++ ABI spells it.
static const char server_entry[] = "_Z25mainEntryClickHouseServeriPPc";

enum { low_priority = 10 };

enum exit_code { exit_usage = 64, exit_no_engine = 69, exit_orphan = 70 };

static int usage(void)
{
    fputs("usage: metaflow-engine (--library FILE | --clickhouse FILE) [--parent PID] "
          "SERVER-ARGUMENTS...\n",
          stderr);
    return exit_usage;
}

// Asks for SIGTERM at the parent's death. The parent may have died before we asked: then nobody
// would ever tell us, and the only trace is that we have another parent than the one we expect.
static int follow_parent(const char *expected)
{
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) {
        fprintf(stderr, "metaflow-engine: cannot follow the parent process: %s\n", strerror(errno));
        return exit_no_engine;
    }
    if (expected != NULL && strtol(expected, NULL, 10) != getppid()) {
        fputs("metaflow-engine: the process that started this engine is gone; not starting\n",
              stderr);
        return exit_orphan;
    }
    return 0;
}

// The services of the host come first: at this weight an engine that is busy leaves nine tenths of a
// processor to whoever else wants it. Where the kernel weighs sessions against each other (sched(7),
// autogroup) the weight of ours counts, of which the server makes us the only member.
static void give_way(void)
{
    if (getpriority(PRIO_PROCESS, 0) < low_priority)
        (void)setpriority(PRIO_PROCESS, 0, low_priority);
    if (getsid(0) != getpid())
        return;
    int group = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
    if (group < 0)
        return;
    char text[16];
    int length = snprintf(text, sizeof text, "%d", low_priority);
    // Where the kernel has no such groups, or refuses, our own weight is all there is.
    ssize_t written = write(group, text, (size_t)length);
    (void)written;
    close(group);
}

static int run_clickhouse(const char *path, int count, char **arguments)
{
    char **argv = calloc((size_t)count + 3, sizeof *argv);
    if (argv == NULL)
        return exit_no_engine;
    argv[0] = (char *)path;
    argv[1] = (char *)"server";
    memcpy(argv + 2, arguments, (size_t)count * sizeof *argv);
    execv(path, argv);
    fprintf(stderr, "metaflow-engine: cannot run %s: %s\n", path, strerror(errno));
    free(argv);
    return exit_no_engine;
}

static int run_library(const char *path, int count, char **arguments)
{
    if (access(path, R_OK) != 0) {
        fprintf(stderr,
                "metaflow-engine: the engine library %s cannot be read (%s); "
                "`make bootstrap` installs it\n",
                path, strerror(errno));
        return exit_no_engine;
    }
    if (dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_NOLOAD) != NULL) {
        fputs("metaflow-engine: built with a second C++ runtime, in which the engine's errors would "
              "be lost; link it as Package.swift does (see linking.c)\n",
              stderr);
        return exit_no_engine;
    }
    // Lazy: of the Python functions the library names, a server calls none but those we give it.
    void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "metaflow-engine: cannot load the engine library: %s\n", dlerror());
        return exit_no_engine;
    }
    server_main server = NULL;
    // The form POSIX gives for turning dlsym's answer into a function.
    *(void **)&server = dlsym(library, server_entry);
    if (server == NULL) {
        fprintf(stderr,
                "metaflow-engine: %s holds no server; "
                "`make bootstrap` installs the version that does\n",
                path);
        return exit_no_engine;
    }
    keep_library_small(path);
    char **argv = calloc((size_t)count + 2, sizeof *argv);
    if (argv == NULL)
        return exit_no_engine;
    argv[0] = (char *)"metaflow-engine";
    memcpy(argv + 1, arguments, (size_t)count * sizeof *argv);
    int code = server(count + 1, argv);
    // Not exit(): destructors of a library this size have nothing to save and much to trip over.
    fflush(NULL);
    _exit(code);
}

int main(int argc, char **argv)
{
    const char *library = NULL, *clickhouse = NULL, *parent = NULL;
    int next = 1;
    for (; next + 1 < argc; next += 2) {
        if (strcmp(argv[next], "--library") == 0)
            library = argv[next + 1];
        else if (strcmp(argv[next], "--clickhouse") == 0)
            clickhouse = argv[next + 1];
        else if (strcmp(argv[next], "--parent") == 0)
            parent = argv[next + 1];
        else
            break;
    }
    if ((library == NULL) == (clickhouse == NULL))
        return usage();
    int refused = follow_parent(parent);
    if (refused != 0)
        return refused;
    give_way();
    // The server's files and sockets are not ours.
    closefrom(3);
    // Our parent is the watchdog; with its own, the server would fork and escape us.
    setenv("CLICKHOUSE_WATCHDOG_ENABLE", "0", 1);
    if (clickhouse != NULL)
        return run_clickhouse(clickhouse, argc - next, argv + next);
    return run_library(library, argc - next, argv + next);
}
