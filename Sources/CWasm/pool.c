// SPDX-License-Identifier: Apache-2.0
//
// Instances of one module, for the threads that use it; and how long one that has faults is left alone.
// That is counted in calls, not in time, so that the same bytes give the same records.

#include "sandbox.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define SEATS 8
// So many faults, with fewer good calls than this since the last, and it is not asked for a while: twice
// as long each time.
#define STRIKES 3
#define GOOD_CALLS 1000
#define GOOD_CALLS_TO_FORGET 1000000
#define FIRST_REST 1000
#define MOST_ROUNDS 12
// One call in so many is timed.
#define TIMED_EVERY 64

struct mf_pool {
    struct mf_module *module;
    struct mf_wasm_limits limits;
    struct mf_seat seats[SEATS];
    pthread_mutex_t lock;
    char fault[MF_WASM_FAULT_BYTES];
    uint8_t log[MF_WASM_LOG_BYTES];
    size_t log_count;
};

mf_wasm_handle mf_wasm_pool_new(mf_wasm_handle module, const struct mf_wasm_limits *limits) {
    struct mf_pool *made = calloc(1, sizeof *made);
    if (made == NULL) return 0;
    made->module = (struct mf_module *)module;
    made->limits = *limits;
    pthread_mutex_init(&made->lock, NULL);
    for (int index = 0; index < SEATS; index++) {
        made->seats[index].pool = made;
        atomic_flag_clear(&made->seats[index].is_taken);
    }
    return (mf_wasm_handle)made;
}

void mf_wasm_pool_delete(mf_wasm_handle handle) {
    struct mf_pool *pool = (struct mf_pool *)handle;
    if (pool == NULL) return;
    for (int index = 0; index < SEATS; index++) mf_instance_delete(pool->seats[index].instance);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

void mf_wasm_pool_count(mf_wasm_handle handle, struct mf_wasm_counters *counters, char *fault) {
    struct mf_pool *pool = (struct mf_pool *)handle;
    memset(counters, 0, sizeof *counters);
    for (int index = 0; index < SEATS; index++) {
        struct mf_seat *seat = &pool->seats[index];
        counters->calls += seat->calls;
        for (int kind = 0; kind < MF_WASM_OUTCOMES; kind++) {
            counters->faults[kind] += seat->faults[kind];
        }
        counters->skipped += seat->skipped;
        counters->timed_calls += seat->timed_calls;
        counters->timed_nanoseconds += seat->timed_nanoseconds;
        counters->memory += seat->memory;
    }
    pthread_mutex_lock(&pool->lock);
    memcpy(fault, pool->fault, sizeof pool->fault);
    pthread_mutex_unlock(&pool->lock);
}

// Adds to what only the holder of the seat writes.
static void add(_Atomic uint64_t *counter, uint64_t count) {
    uint64_t old = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, old + count, memory_order_relaxed);
}

static void note_fault(struct mf_pool *pool, const char *fault) {
    pthread_mutex_lock(&pool->lock);
    memcpy(pool->fault, fault, sizeof pool->fault);
    pthread_mutex_unlock(&pool->lock);
}

static void strike(struct mf_seat *seat, enum mf_wasm_outcome outcome) {
    add(&seat->faults[outcome], 1);
    seat->good = 0;
    if (++seat->strikes < STRIKES) return;
    seat->strikes = 0;
    seat->rest = (uint64_t)FIRST_REST << seat->rounds;
    if (seat->rounds < MOST_ROUNDS) seat->rounds++;
}

static struct mf_seat *take_seat(struct mf_pool *pool) {
    for (;;) {
        for (int index = 0; index < SEATS; index++) {
            struct mf_seat *seat = &pool->seats[index];
            if (!atomic_flag_test_and_set_explicit(&seat->is_taken, memory_order_acquire)) {
                return seat;
            }
        }
        sched_yield();
    }
}

static void leave(struct mf_seat *seat) {
    atomic_flag_clear_explicit(&seat->is_taken, memory_order_release);
}

int mf_wasm_borrow(mf_wasm_handle handle, struct mf_wasm_seat *places) {
    struct mf_pool *pool = (struct mf_pool *)handle;
    struct mf_seat *seat = take_seat(pool);
    if (seat->rest > 0) {
        seat->rest--;
        add(&seat->skipped, 1);
        leave(seat);
        return 0;
    }
    if (seat->instance == NULL) {
        enum mf_wasm_outcome outcome = MF_WASM_TRAPPED;
        char fault[MF_WASM_FAULT_BYTES] = "there is no memory for an instance";
        seat->instance = mf_instance_new(pool->module, &pool->limits, &outcome, fault);
        if (seat->instance == NULL) {
            note_fault(pool, fault);
            strike(seat, outcome);
            leave(seat);
            return 0;
        }
        seat->instance->seat = seat;
        atomic_store_explicit(
            &seat->memory, mf_memory_size(seat->instance), memory_order_relaxed);
    }
    *places = seat->instance->places;
    return 1;
}

static void keep_log(struct mf_pool *pool, struct mf_instance *instance) {
    pthread_mutex_lock(&pool->lock);
    size_t room = MF_WASM_LOG_BYTES - pool->log_count;
    size_t count = instance->log_count < room ? instance->log_count : room;
    memcpy(pool->log + pool->log_count, instance->log, count);
    pool->log_count += count;
    pthread_mutex_unlock(&pool->lock);
    instance->log_count = 0;
}

void mf_wasm_give_back(mf_wasm_handle handle, enum mf_wasm_outcome outcome) {
    struct mf_instance *instance = (struct mf_instance *)handle;
    struct mf_seat *seat = instance->seat;
    if (instance->log_count > 0) keep_log(seat->pool, instance);
    if (outcome == MF_WASM_DONE) {
        if (seat->good < GOOD_CALLS_TO_FORGET) seat->good++;
        if (seat->good == GOOD_CALLS) seat->strikes = 0;
        if (seat->good == GOOD_CALLS_TO_FORGET) seat->rounds = 0;
    } else {
        mf_instance_delete(instance);
        seat->instance = NULL;
        atomic_store_explicit(&seat->memory, 0, memory_order_relaxed);
        strike(seat, outcome);
    }
    leave(seat);
}

int mf_wasm_exports(mf_wasm_handle handle, enum mf_wasm_export function) {
    return ((struct mf_instance *)handle)->has_function[function];
}

enum mf_wasm_outcome mf_wasm_call(
    mf_wasm_handle handle, enum mf_wasm_export function, int32_t *result) {
    struct mf_instance *instance = (struct mf_instance *)handle;
    struct mf_seat *seat = instance->seat;
    char fault[MF_WASM_FAULT_BYTES];
    int is_timed = seat->calls % TIMED_EVERY == 0;
    int64_t start = is_timed ? mf_thread_time() : 0;
    enum mf_wasm_outcome outcome = mf_call(instance, function, result, fault);
    add(&seat->calls, 1);
    if (is_timed) {
        add(&seat->timed_calls, 1);
        add(&seat->timed_nanoseconds, (uint64_t)(mf_thread_time() - start));
        atomic_store_explicit(&seat->memory, mf_memory_size(instance), memory_order_relaxed);
    }
    if (outcome != MF_WASM_DONE) note_fault(seat->pool, fault);
    return outcome;
}

void mf_wasm_blame(mf_wasm_handle handle, const char *text, size_t count) {
    char fault[MF_WASM_FAULT_BYTES];
    mf_tell(fault, text, count);
    note_fault(((struct mf_instance *)handle)->seat->pool, fault);
}

int mf_wasm_write(mf_wasm_handle handle, uint32_t at, const uint8_t *bytes, size_t count) {
    uint8_t *place = mf_place((struct mf_instance *)handle, at, count);
    if (place == NULL) return 0;
    if (count > 0) memcpy(place, bytes, count);
    return 1;
}

int mf_wasm_read(mf_wasm_handle handle, uint32_t at, uint8_t *bytes, size_t count) {
    const uint8_t *place = mf_place((struct mf_instance *)handle, at, count);
    if (place == NULL) return 0;
    if (count > 0) memcpy(bytes, place, count);
    return 1;
}

size_t mf_wasm_pool_take_log(mf_wasm_handle handle, uint8_t *bytes, size_t room) {
    struct mf_pool *pool = (struct mf_pool *)handle;
    pthread_mutex_lock(&pool->lock);
    size_t count = pool->log_count < room ? pool->log_count : room;
    memcpy(bytes, pool->log, count);
    pool->log_count = 0;
    pthread_mutex_unlock(&pool->lock);
    return count;
}
