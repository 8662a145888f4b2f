// SPDX-License-Identifier: Apache-2.0
//
// A thread that moves the epoch on, by which runaway calls are noticed. It sleeps while no module runs, so
// that plugins which have nothing to do cost nothing.

#define _GNU_SOURCE
#include "sandbox.h"

#include <time.h>

#define TICK_NANOSECONDS 250000
#define IDLE_TICKS 400

int64_t mf_thread_time(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void doze(struct mf_engine *engine) {
    atomic_store(&engine->asleep, 1);
    // Whoever began meanwhile has not seen that nobody is awake.
    if (atomic_load(&engine->used) || atomic_load(&engine->ends)) {
        atomic_store(&engine->asleep, 0);
        return;
    }
    pthread_mutex_lock(&engine->lock);
    while (atomic_load(&engine->asleep) && !atomic_load(&engine->ends)) {
        pthread_cond_wait(&engine->wake, &engine->lock);
    }
    pthread_mutex_unlock(&engine->lock);
}

static void *run(void *argument) {
    struct mf_engine *engine = argument;
    const struct timespec tick = {.tv_nsec = TICK_NANOSECONDS};
    int idle = 0;
    while (!atomic_load(&engine->ends)) {
        nanosleep(&tick, NULL);
        wasmtime.wasmtime_engine_increment_epoch(engine->engine);
        idle = atomic_exchange(&engine->used, 0) ? 0 : idle + 1;
        if (idle < IDLE_TICKS) continue;
        doze(engine);
        idle = 0;
    }
    return NULL;
}

void mf_clock_use(struct mf_engine *engine) {
    if (!atomic_load_explicit(&engine->used, memory_order_relaxed)) {
        atomic_store(&engine->used, 1);
    }
    if (!atomic_load(&engine->asleep)) return;
    pthread_mutex_lock(&engine->lock);
    atomic_store(&engine->asleep, 0);
    pthread_cond_signal(&engine->wake);
    pthread_mutex_unlock(&engine->lock);
}

int mf_clock_start(struct mf_engine *engine) {
    pthread_mutex_init(&engine->lock, NULL);
    pthread_cond_init(&engine->wake, NULL);
    engine->has_clock = pthread_create(&engine->clock, NULL, run, engine) == 0;
    return engine->has_clock;
}

void mf_clock_stop(struct mf_engine *engine) {
    if (!engine->has_clock) return;
    pthread_mutex_lock(&engine->lock);
    atomic_store(&engine->ends, 1);
    pthread_cond_signal(&engine->wake);
    pthread_mutex_unlock(&engine->lock);
    pthread_join(engine->clock, NULL);
    pthread_cond_destroy(&engine->wake);
    pthread_mutex_destroy(&engine->lock);
}
