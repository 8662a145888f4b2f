// SPDX-License-Identifier: Apache-2.0
//
// What is used of wasmtime's C interface, version 50: declarations by its documentation
// (https://docs.wasmtime.dev/c-api/), as functions that are looked up in the library when it is loaded.
#ifndef METAFLOW_WASMTIME_H
#define METAFLOW_WASMTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct wasm_config wasm_config_t;
typedef struct wasm_engine wasm_engine_t;
typedef struct wasm_functype wasm_functype_t;
typedef struct wasm_valtype wasm_valtype_t;
typedef struct wasm_trap wasm_trap_t;
typedef struct wasmtime_module wasmtime_module_t;
typedef struct wasmtime_store wasmtime_store_t;
typedef struct wasmtime_context wasmtime_context_t;
typedef struct wasmtime_caller wasmtime_caller_t;
typedef struct wasmtime_linker wasmtime_linker_t;
typedef struct wasmtime_instance_pre wasmtime_instance_pre_t;
typedef struct wasmtime_error wasmtime_error_t;

typedef struct {
    size_t size;
    char *data;
} wasm_byte_vec_t;

typedef struct {
    size_t size;
    wasm_valtype_t **data;
} wasm_valtype_vec_t;

typedef struct {
    uint64_t store;
    void *function;
} wasmtime_func_t;

typedef struct {
    struct {
        uint64_t store;
        uint32_t instance;
    } owner;
    uint32_t number;
} wasmtime_memory_t;

typedef struct {
    uint64_t store;
    size_t number;
} wasmtime_instance_t;

typedef struct {
    uint8_t kind;
    union {
        wasmtime_func_t function;
        wasmtime_memory_t memory;
        uint64_t room[3];
    } of;
} wasmtime_extern_t;

typedef union {
    int32_t i32;
    int64_t i64;
    uint64_t room[2];
} wasmtime_val_raw_t;

_Static_assert(sizeof(wasmtime_func_t) == 16, "as the library has it");
_Static_assert(sizeof(wasmtime_memory_t) == 24, "as the library has it");
_Static_assert(sizeof(wasmtime_extern_t) == 32, "as the library has it");
_Static_assert(sizeof(wasmtime_val_raw_t) == 16, "as the library has it");

enum { EXTERN_FUNCTION = 0, EXTERN_MEMORY = 3 };
enum { VALUE_I32 = 0, VALUE_I64 = 1 };
enum { TRAP_STACK_OVERFLOW = 0, TRAP_INTERRUPT = 10, TRAP_OUT_OF_FUEL = 11 };

typedef wasm_trap_t *(*wasmtime_callback_t)(
    void *, wasmtime_caller_t *, wasmtime_val_raw_t *, size_t);
typedef wasmtime_error_t *(*wasmtime_deadline_t)(
    wasmtime_context_t *, void *, uint64_t *, uint8_t *);

// Each is a result, a name and what it takes.
#define WASMTIME_FUNCTIONS(EACH)                                                                   \
    EACH(wasm_config_t *, wasm_config_new, (void))                                                 \
    EACH(void, wasmtime_config_consume_fuel_set, (wasm_config_t *, bool))                          \
    EACH(void, wasmtime_config_epoch_interruption_set, (wasm_config_t *, bool))                    \
    EACH(void, wasmtime_config_signals_based_traps_set, (wasm_config_t *, bool))                   \
    EACH(void, wasmtime_config_memory_guard_size_set, (wasm_config_t *, uint64_t))                 \
    EACH(void, wasmtime_config_memory_reservation_set, (wasm_config_t *, uint64_t))                \
    EACH(void, wasmtime_config_memory_reservation_for_growth_set, (wasm_config_t *, uint64_t))     \
    EACH(void, wasmtime_config_memory_init_cow_set, (wasm_config_t *, bool))                       \
    EACH(void, wasmtime_config_max_wasm_stack_set, (wasm_config_t *, size_t))                      \
    EACH(void, wasmtime_config_parallel_compilation_set, (wasm_config_t *, bool))                  \
    EACH(void, wasmtime_config_cranelift_nan_canonicalization_set, (wasm_config_t *, bool))        \
    EACH(void, wasmtime_config_wasm_relaxed_simd_deterministic_set, (wasm_config_t *, bool))       \
    EACH(void, wasmtime_config_wasm_threads_set, (wasm_config_t *, bool))                          \
    EACH(void, wasmtime_config_wasm_memory64_set, (wasm_config_t *, bool))                         \
    EACH(void, wasmtime_config_wasm_multi_memory_set, (wasm_config_t *, bool))                     \
    EACH(wasm_engine_t *, wasm_engine_new_with_config, (wasm_config_t *))                          \
    EACH(void, wasm_engine_delete, (wasm_engine_t *))                                              \
    EACH(void, wasmtime_engine_increment_epoch, (wasm_engine_t *))                                 \
    EACH(wasmtime_error_t *, wasmtime_module_new,                                                  \
         (wasm_engine_t *, const uint8_t *, size_t, wasmtime_module_t **))                         \
    EACH(void, wasmtime_module_delete, (wasmtime_module_t *))                                      \
    EACH(wasmtime_linker_t *, wasmtime_linker_new, (wasm_engine_t *))                              \
    EACH(void, wasmtime_linker_delete, (wasmtime_linker_t *))                                      \
    EACH(wasmtime_error_t *, wasmtime_linker_define_func_unchecked,                                \
         (wasmtime_linker_t *, const char *, size_t, const char *, size_t,                         \
          const wasm_functype_t *, wasmtime_callback_t, void *, void (*)(void *)))                 \
    EACH(wasmtime_error_t *, wasmtime_linker_instantiate_pre,                                      \
         (const wasmtime_linker_t *, const wasmtime_module_t *, wasmtime_instance_pre_t **))       \
    EACH(void, wasmtime_instance_pre_delete, (wasmtime_instance_pre_t *))                          \
    EACH(wasmtime_error_t *, wasmtime_instance_pre_instantiate,                                    \
         (const wasmtime_instance_pre_t *, wasmtime_context_t *, wasmtime_instance_t *,            \
          wasm_trap_t **))                                                                         \
    EACH(wasmtime_store_t *, wasmtime_store_new, (wasm_engine_t *, void *, void (*)(void *)))      \
    EACH(void, wasmtime_store_delete, (wasmtime_store_t *))                                        \
    EACH(wasmtime_context_t *, wasmtime_store_context, (wasmtime_store_t *))                       \
    EACH(void, wasmtime_store_limiter,                                                             \
         (wasmtime_store_t *, int64_t, int64_t, int64_t, int64_t, int64_t))                        \
    EACH(void, wasmtime_store_epoch_deadline_callback,                                             \
         (wasmtime_store_t *, wasmtime_deadline_t, void *, void (*)(void *)))                      \
    EACH(void, wasmtime_context_set_epoch_deadline, (wasmtime_context_t *, uint64_t))              \
    EACH(wasmtime_error_t *, wasmtime_context_set_fuel, (wasmtime_context_t *, uint64_t))          \
    EACH(void *, wasmtime_context_get_data, (const wasmtime_context_t *))                          \
    EACH(wasmtime_context_t *, wasmtime_caller_context, (wasmtime_caller_t *))                     \
    EACH(bool, wasmtime_instance_export_get,                                                       \
         (wasmtime_context_t *, const wasmtime_instance_t *, const char *, size_t,                 \
          wasmtime_extern_t *))                                                                    \
    EACH(wasm_functype_t *, wasmtime_func_type,                                                    \
         (const wasmtime_context_t *, const wasmtime_func_t *))                                    \
    EACH(wasmtime_error_t *, wasmtime_func_call_unchecked,                                         \
         (wasmtime_context_t *, const wasmtime_func_t *, wasmtime_val_raw_t *, size_t,             \
          wasm_trap_t **))                                                                         \
    EACH(uint8_t *, wasmtime_memory_data, (const wasmtime_context_t *, const wasmtime_memory_t *)) \
    EACH(size_t, wasmtime_memory_data_size,                                                        \
         (const wasmtime_context_t *, const wasmtime_memory_t *))                                  \
    EACH(wasm_functype_t *, wasm_functype_new, (wasm_valtype_vec_t *, wasm_valtype_vec_t *))       \
    EACH(void, wasm_functype_delete, (wasm_functype_t *))                                          \
    EACH(const wasm_valtype_vec_t *, wasm_functype_params, (const wasm_functype_t *))              \
    EACH(const wasm_valtype_vec_t *, wasm_functype_results, (const wasm_functype_t *))             \
    EACH(wasm_valtype_t *, wasm_valtype_new, (uint8_t))                                            \
    EACH(uint8_t, wasm_valtype_kind, (const wasm_valtype_t *))                                     \
    EACH(void, wasm_valtype_vec_new_uninitialized, (wasm_valtype_vec_t *, size_t))                 \
    EACH(void, wasm_byte_vec_delete, (wasm_byte_vec_t *))                                          \
    EACH(wasmtime_error_t *, wasmtime_error_new, (const char *))                                   \
    EACH(void, wasmtime_error_message, (const wasmtime_error_t *, wasm_byte_vec_t *))              \
    EACH(void, wasmtime_error_delete, (wasmtime_error_t *))                                        \
    EACH(wasm_trap_t *, wasmtime_trap_new, (const char *, size_t))                                 \
    EACH(void, wasm_trap_message, (const wasm_trap_t *, wasm_byte_vec_t *))                        \
    EACH(bool, wasmtime_trap_code, (const wasm_trap_t *, uint8_t *))                               \
    EACH(void, wasm_trap_delete, (wasm_trap_t *))                                                  \
    EACH(wasmtime_error_t *, wasmtime_wat2wasm, (const char *, size_t, wasm_byte_vec_t *))

struct wasmtime_library {
#define EACH(result, name, takes) result(*name) takes;
    WASMTIME_FUNCTIONS(EACH)
#undef EACH
};

// Filled by mf_wasm_load; nothing else may be called before.
extern struct wasmtime_library wasmtime;

#endif
