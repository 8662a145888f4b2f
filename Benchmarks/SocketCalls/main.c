// SPDX-License-Identifier: Apache-2.0

// Times socket calls and file reads as an application makes them.
//
//   socket-calls CALLS SIZE    HTTP exchanges over one loopback connection, SIZE bytes a message
//   socket-calls CALLS xSIZE   the same with bytes of no protocol, which the agent mutes
//   socket-calls CALLS file    pread(2) of one page from a regular file
//
// Prints nanoseconds of CPU time, user and system, per call. Client and server take turns on one
// thread, so that scheduling is no part of the figure: an exchange is two sends and two receives.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { max_message = 65536, page = 4096 };

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static double cpu_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void connect_pair(int pair[2]) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&address, &length))
        fail("listen");
    pair[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(pair[0], (struct sockaddr *)&address, length)) fail("connect");
    pair[1] = accept(listener, NULL, NULL);
    if (pair[1] < 0) fail("accept");
    int on = 1;
    for (int i = 0; i < 2; i++) setsockopt(pair[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    close(listener);
}

// A message of exactly `size` bytes: a head and as many bytes of padding header as it takes.
static void make_message(char *message, int size, const char *first, const char *last) {
    int used = snprintf(message, max_message, "%sX-Padding: ", first);
    int tail = (int)strlen(last);
    if (used + tail > size) {
        fprintf(stderr, "socket-calls: SIZE must be at least %d\n", used + tail);
        exit(2);
    }
    memset(message + used, 'p', (size_t)(size - used - tail));
    memcpy(message + size - tail, last, (size_t)tail);
}

static void move(int from, int to, const char *message, int size) {
    static char buffer[max_message];
    if (send(from, message, (size_t)size, 0) != size) fail("send");
    for (int got = 0; got < size;) {
        ssize_t count = recv(to, buffer, sizeof(buffer), 0);
        if (count <= 0) fail("recv");
        got += (int)count;
    }
}

static double exchange(long calls, int size, int nonsense) {
    static char request[max_message], response[max_message];
    int pair[2];
    make_message(request, size, "GET /bench HTTP/1.1\r\nHost: a\r\n", "\r\n\r\n");
    make_message(response, size, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", "\r\n\r\n");
    if (nonsense) {
        memset(request, 'x', (size_t)size);
        memset(response, 'x', (size_t)size);
    }
    connect_pair(pair);
    // Long enough for the agent to make up its mind about the connection.
    for (double begin = cpu_nanoseconds(); cpu_nanoseconds() - begin < 5e8;) {
        move(pair[0], pair[1], request, size);
        move(pair[1], pair[0], response, size);
    }
    double start = cpu_nanoseconds();
    for (long done = 0; done < calls; done += 4) {
        move(pair[0], pair[1], request, size);
        move(pair[1], pair[0], response, size);
    }
    return (cpu_nanoseconds() - start) / (double)calls;
}

static double read_file(long calls) {
    char path[] = "/tmp/metaflow-bench-XXXXXX", buffer[page] = {0};
    int file = mkstemp(path);
    if (file < 0 || unlink(path) || write(file, buffer, page) != page) fail("file");
    double start = cpu_nanoseconds();
    for (long done = 0; done < calls; done++)
        if (pread(file, buffer, page, 0) != page) fail("read");
    return (cpu_nanoseconds() - start) / (double)calls;
}

int main(int count, char **words) {
    if (count != 3) {
        fprintf(stderr, "usage: socket-calls CALLS SIZE|xSIZE|file\n");
        return 2;
    }
    long calls = atol(words[1]);
    int is_file = !strcmp(words[2], "file");
    int nonsense = words[2][0] == 'x';
    int size = atoi(words[2] + nonsense);
    if (calls < 4 || size > max_message) {
        fprintf(stderr, "socket-calls: CALLS from 4, SIZE up to %d\n", max_message);
        return 2;
    }
    printf("%.1f\n", is_file ? read_file(calls) : exchange(calls, size, nonsense));
    return 0;
}
