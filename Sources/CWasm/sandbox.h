// SPDX-License-Identifier: Apache-2.0
#ifndef METAFLOW_SANDBOX_H
#define METAFLOW_SANDBOX_H

#include "include/wasm.h"
#include "wasmtime.h"

#include <pthread.h>
#include <stdatomic.h>

#define MF_NAME_BYTES 64

// What lies between a module of DeepFlow's interface and us.
struct mf_offers {
    uint8_t bytes[MF_WASM_OFFERS][MF_WASM_OFFER_BYTES];
    size_t counts[MF_WASM_OFFERS];
    uint8_t records[MF_WASM_OFFER_BYTES];
    size_t record_count;
    uint8_t name[MF_NAME_BYTES];
    size_t name_count;
};

struct mf_engine {
    wasm_engine_t *engine;
    int counts_instructions;
    // Below is the clock's, which moves epochs on while modules run, and sleeps while none does.
    pthread_t clock;
    int has_clock;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    atomic_int used;
    atomic_int asleep;
    atomic_int ends;
};

struct mf_module {
    struct mf_engine *engine;
    wasmtime_module_t *module;
    wasmtime_instance_pre_t *pre;
};

struct mf_instance {
    struct mf_engine *engine;
    struct mf_seat *seat;
    wasmtime_store_t *store;
    wasmtime_context_t *context;
    wasmtime_instance_t instance;
    wasmtime_memory_t memory;
    int has_memory;
    struct mf_wasm_limits limits;
    wasmtime_func_t functions[MF_WASM_EXPORTS];
    // 1 when it is there, -1 when it is something else.
    int has_function[MF_WASM_EXPORTS];
    struct mf_wasm_seat places;
    // Of the call that runs.
    int64_t noticed;
    int was_cut_off;
    int has_exited;
    int32_t exit_code;
    // Of the module that is of DeepFlow's interface.
    struct mf_offers *offers;
    uint64_t random;
    uint8_t log[MF_WASM_LOG_BYTES];
    size_t log_count;
};

// A place for an instance, and what was done by all that were there.
struct mf_seat {
    struct mf_pool *pool;
    struct mf_instance *instance;
    atomic_flag is_taken;
    // Faults that count against it, calls since the last, times that it is not to be asked, and how often
    // that was said before.
    uint32_t strikes;
    uint32_t good;
    uint64_t rest;
    uint32_t rounds;
    _Atomic uint64_t calls;
    _Atomic uint64_t faults[MF_WASM_OUTCOMES];
    _Atomic uint64_t skipped;
    _Atomic uint64_t timed_calls;
    _Atomic uint64_t timed_nanoseconds;
    _Atomic uint64_t memory;
};

// An instance of a module; NULL and the fault when it cannot be made.
struct mf_instance *mf_instance_new(
    struct mf_module *module, const struct mf_wasm_limits *limits, enum mf_wasm_outcome *outcome,
    char *fault);
void mf_instance_delete(struct mf_instance *instance);
void mf_append_log(struct mf_instance *instance, const uint8_t *bytes, size_t count);
size_t mf_memory_size(struct mf_instance *instance);
enum mf_wasm_outcome mf_call(
    struct mf_instance *instance, enum mf_wasm_export function, int32_t *result, char *fault);

// Defines what modules may import; 0 and the fault when that fails.
int mf_define_imports(wasmtime_linker_t *linker, char *fault);

struct mf_import {
    const char *module;
    const char *name;
    // One letter each: i for i32, l for i64.
    const char *takes;
    const char *gives;
    wasmtime_callback_t function;
};

struct mf_instance *mf_instance_of(wasmtime_caller_t *caller);
wasm_trap_t *mf_trap(const char *text);

extern const struct mf_import mf_deepflow_imports[];
extern const size_t mf_deepflow_import_count;

// Writes what is wrong, cut to MF_WASM_FAULT_BYTES, and ends the error.
void mf_tell(char *fault, const char *text, size_t count);
void mf_tell_error(char *fault, wasmtime_error_t *error);
void mf_tell_trap(char *fault, wasm_trap_t *trap);

// Whether so many bytes at this place lie in the memory; where they are then.
uint8_t *mf_place(struct mf_instance *instance, uint32_t at, size_t count);

// Tells the clock that a module runs.
void mf_clock_use(struct mf_engine *engine);
int mf_clock_start(struct mf_engine *engine);
void mf_clock_stop(struct mf_engine *engine);
int64_t mf_thread_time(void);

#endif
