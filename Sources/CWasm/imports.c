// SPDX-License-Identifier: Apache-2.0
//
// What modules may import: a log, and of WASI what compilers cannot do without and what says nothing of
// the host. Every place and length comes from the module and is checked.

#include "sandbox.h"

#include <string.h>

// Error numbers of WASI.
enum { WASI_OK = 0, WASI_BAD_FILE = 8, WASI_FAULT = 21, WASI_NOT_THERE = 52 };

struct mf_instance *mf_instance_of(wasmtime_caller_t *caller) {
    return wasmtime.wasmtime_context_get_data(wasmtime.wasmtime_caller_context(caller));
}

wasm_trap_t *mf_trap(const char *text) {
    return wasmtime.wasmtime_trap_new(text, strlen(text));
}

void mf_append_log(struct mf_instance *instance, const uint8_t *bytes, size_t count) {
    size_t room = MF_WASM_LOG_BYTES - instance->log_count;
    if (count > room) count = room;
    memcpy(instance->log + instance->log_count, bytes, count);
    instance->log_count += count;
}

// metaflow.log(at, count)
static wasm_trap_t *log_text(
    void *unused, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count) {
    struct mf_instance *instance = mf_instance_of(caller);
    uint32_t length = (uint32_t)values[1].i32;
    const uint8_t *text = mf_place(instance, (uint32_t)values[0].i32, length);
    if (text == NULL) return mf_trap("metaflow.log was given a text outside of the memory");
    mf_append_log(instance, text, length);
    mf_append_log(instance, (const uint8_t *)"\n", 1);
    return NULL;
}

// fd_write(file, vectors, count, written)
static wasm_trap_t *fd_write(
    void *unused, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count) {
    struct mf_instance *instance = mf_instance_of(caller);
    int32_t file = values[0].i32;
    uint32_t vectors = (uint32_t)values[1].i32, vector_count = (uint32_t)values[2].i32;
    uint8_t *written = mf_place(instance, (uint32_t)values[3].i32, 4);
    const uint8_t *front = mf_place(instance, vectors, (size_t)vector_count * 8);
    if (file != 1 && file != 2) {
        values[0].i32 = WASI_BAD_FILE;
    } else if (written == NULL || front == NULL || vector_count > 1024) {
        values[0].i32 = WASI_FAULT;
    } else {
        uint32_t total = 0;
        values[0].i32 = WASI_OK;
        for (uint32_t index = 0; index < vector_count; index++) {
            uint32_t at, length;
            memcpy(&at, front + index * 8, 4);
            memcpy(&length, front + index * 8 + 4, 4);
            const uint8_t *text = mf_place(instance, at, length);
            if (text == NULL) {
                values[0].i32 = WASI_FAULT;
                return NULL;
            }
            mf_append_log(instance, text, length);
            total += length;
        }
        memcpy(written, &total, 4);
    }
    return NULL;
}

// random_get(at, count): the same numbers in each call, so that what a plugin says can be repeated.
static wasm_trap_t *random_get(
    void *unused, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count) {
    struct mf_instance *instance = mf_instance_of(caller);
    uint32_t length = (uint32_t)values[1].i32;
    uint8_t *room = mf_place(instance, (uint32_t)values[0].i32, length);
    if (room == NULL) {
        values[0].i32 = WASI_FAULT;
        return NULL;
    }
    if (length > 65536) return mf_trap("random_get is asked for too much");
    for (uint32_t index = 0; index < length; index++) {
        instance->random = instance->random * 6364136223846793005u + 1442695040888963407u;
        room[index] = (uint8_t)(instance->random >> 56);
    }
    values[0].i32 = WASI_OK;
    return NULL;
}

static wasm_trap_t *proc_exit(
    void *unused, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count) {
    struct mf_instance *instance = mf_instance_of(caller);
    instance->has_exited = 1;
    instance->exit_code = values[0].i32;
    return mf_trap("it called proc_exit");
}

// There are no arguments, variables or files: both numbers are 0.
static wasm_trap_t *no_sizes(
    void *unused, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count) {
    struct mf_instance *instance = mf_instance_of(caller);
    uint8_t *first = mf_place(instance, (uint32_t)values[0].i32, 4);
    uint8_t *second = mf_place(instance, (uint32_t)values[1].i32, 4);
    if (first != NULL && second != NULL) {
        memset(first, 0, 4);
        memset(second, 0, 4);
        values[0].i32 = WASI_OK;
    } else {
        values[0].i32 = WASI_FAULT;
    }
    return NULL;
}

static wasm_trap_t *nothing(
    void *unused, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count) {
    values[0].i32 = WASI_OK;
    return NULL;
}

static wasm_trap_t *not_there(
    void *unused, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count) {
    values[0].i32 = WASI_NOT_THERE;
    return NULL;
}

static wasm_trap_t *bad_file(
    void *unused, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count) {
    values[0].i32 = WASI_BAD_FILE;
    return NULL;
}

#define WASI "wasi_snapshot_preview1"

static const struct mf_import imports[] = {
    {"metaflow", "log", "ii", "", log_text},
    {WASI, "fd_write", "iiii", "i", fd_write},
    {WASI, "random_get", "ii", "i", random_get},
    {WASI, "proc_exit", "i", "", proc_exit},
    {WASI, "args_sizes_get", "ii", "i", no_sizes},
    {WASI, "args_get", "ii", "i", nothing},
    {WASI, "environ_sizes_get", "ii", "i", no_sizes},
    {WASI, "environ_get", "ii", "i", nothing},
    {WASI, "sched_yield", "", "i", nothing},
    {WASI, "clock_time_get", "ili", "i", not_there},
    {WASI, "clock_res_get", "ii", "i", not_there},
    {WASI, "fd_close", "i", "i", bad_file},
    {WASI, "fd_read", "iiii", "i", bad_file},
    {WASI, "fd_seek", "ilii", "i", bad_file},
    {WASI, "fd_fdstat_get", "ii", "i", bad_file},
    {WASI, "fd_prestat_get", "ii", "i", bad_file},
    {WASI, "fd_prestat_dir_name", "iii", "i", bad_file},
};

static void make_types(wasm_valtype_vec_t *types, const char *letters) {
    size_t count = strlen(letters);
    wasmtime.wasm_valtype_vec_new_uninitialized(types, count);
    for (size_t index = 0; index < count; index++) {
        types->data[index] =
            wasmtime.wasm_valtype_new(letters[index] == 'l' ? VALUE_I64 : VALUE_I32);
    }
}

static int define(wasmtime_linker_t *linker, const struct mf_import *import, char *fault) {
    wasm_valtype_vec_t takes, gives;
    make_types(&takes, import->takes);
    make_types(&gives, import->gives);
    wasm_functype_t *type = wasmtime.wasm_functype_new(&takes, &gives);
    wasmtime_error_t *error = wasmtime.wasmtime_linker_define_func_unchecked(
        linker, import->module, strlen(import->module), import->name, strlen(import->name), type,
        import->function, NULL, NULL);
    wasmtime.wasm_functype_delete(type);
    if (error == NULL) return 1;
    mf_tell_error(fault, error);
    return 0;
}

int mf_define_imports(wasmtime_linker_t *linker, char *fault) {
    for (size_t index = 0; index < sizeof imports / sizeof *imports; index++) {
        if (!define(linker, &imports[index], fault)) return 0;
    }
    for (size_t index = 0; index < mf_deepflow_import_count; index++) {
        if (!define(linker, &mf_deepflow_imports[index], fault)) return 0;
    }
    return 1;
}
