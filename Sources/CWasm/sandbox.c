// SPDX-License-Identifier: Apache-2.0

#include "sandbox.h"

#include <stdlib.h>
#include <string.h>

// Bytes of a module's stack: a small part of a thread's.
#define STACK_BYTES (256 * 1024)
// Setting an instance up may take as long as so many calls.
#define SET_UP_CALLS 20

mf_wasm_handle mf_wasm_engine_new(int counts_instructions) {
    struct mf_engine *made = calloc(1, sizeof *made);
    if (made == NULL) return 0;
    wasm_config_t *config = wasmtime.wasm_config_new();
    made->counts_instructions = counts_instructions;
    wasmtime.wasmtime_config_consume_fuel_set(config, counts_instructions);
    wasmtime.wasmtime_config_epoch_interruption_set(config, !counts_instructions);
    // Checks in the code instead of signals, whose handlers belong to the program, and memory that is
    // as large as the module asks for instead of gigabytes of addresses.
    wasmtime.wasmtime_config_signals_based_traps_set(config, false);
    wasmtime.wasmtime_config_memory_guard_size_set(config, 0);
    wasmtime.wasmtime_config_memory_reservation_set(config, 0);
    wasmtime.wasmtime_config_memory_reservation_for_growth_set(config, 0);
    wasmtime.wasmtime_config_memory_init_cow_set(config, false);
    wasmtime.wasmtime_config_max_wasm_stack_set(config, STACK_BYTES);
    wasmtime.wasmtime_config_parallel_compilation_set(config, false);
    wasmtime.wasmtime_config_cranelift_nan_canonicalization_set(config, true);
    wasmtime.wasmtime_config_wasm_relaxed_simd_deterministic_set(config, true);
    wasmtime.wasmtime_config_wasm_threads_set(config, false);
    wasmtime.wasmtime_config_wasm_memory64_set(config, false);
    wasmtime.wasmtime_config_wasm_multi_memory_set(config, false);
    made->engine = wasmtime.wasm_engine_new_with_config(config);
    if (made->engine == NULL) {
        free(made);
        return 0;
    }
    if (!counts_instructions && !mf_clock_start(made)) {
        wasmtime.wasm_engine_delete(made->engine);
        free(made);
        return 0;
    }
    return (mf_wasm_handle)made;
}

void mf_wasm_engine_delete(mf_wasm_handle handle) {
    struct mf_engine *engine = (struct mf_engine *)handle;
    if (engine == NULL) return;
    mf_clock_stop(engine);
    wasmtime.wasm_engine_delete(engine->engine);
    free(engine);
}

mf_wasm_handle mf_wasm_module_new(
    mf_wasm_handle engine, const uint8_t *bytes, size_t count, char *fault) {
    struct mf_module *made = calloc(1, sizeof *made);
    if (made == NULL) return 0;
    made->engine = (struct mf_engine *)engine;
    wasmtime_error_t *error =
        wasmtime.wasmtime_module_new(made->engine->engine, bytes, count, &made->module);
    if (error != NULL) {
        mf_tell_error(fault, error);
        free(made);
        return 0;
    }
    wasmtime_linker_t *linker = wasmtime.wasmtime_linker_new(made->engine->engine);
    int is_defined = mf_define_imports(linker, fault);
    if (is_defined) {
        error = wasmtime.wasmtime_linker_instantiate_pre(linker, made->module, &made->pre);
        if (error != NULL) mf_tell_error(fault, error);
    }
    wasmtime.wasmtime_linker_delete(linker);
    if (!is_defined || error != NULL) {
        wasmtime.wasmtime_module_delete(made->module);
        free(made);
        return 0;
    }
    return (mf_wasm_handle)made;
}

void mf_wasm_module_delete(mf_wasm_handle handle) {
    struct mf_module *module = (struct mf_module *)handle;
    if (module == NULL) return;
    wasmtime.wasmtime_instance_pre_delete(module->pre);
    wasmtime.wasmtime_module_delete(module->module);
    free(module);
}

size_t mf_wasm_of_text(const char *text, size_t count, uint8_t *bytes, size_t room, char *fault) {
    wasm_byte_vec_t made;
    wasmtime_error_t *error = wasmtime.wasmtime_wat2wasm(text, count, &made);
    if (error != NULL) {
        mf_tell_error(fault, error);
        return 0;
    }
    size_t size = made.size;
    memcpy(bytes, made.data, size < room ? size : room);
    wasmtime.wasm_byte_vec_delete(&made);
    return size;
}

// Called at the first tick of the clock behind a call's beginning, and then at each: what counts is the
// time that the thread had, not what passed while others ran.
static wasmtime_error_t *at_deadline(
    wasmtime_context_t *context, void *argument, uint64_t *more, uint8_t *kind) {
    struct mf_instance *instance = argument;
    int64_t now = mf_thread_time();
    atomic_store_explicit(&instance->engine->used, 1, memory_order_relaxed);
    if (instance->noticed == 0) instance->noticed = now;
    if (now - instance->noticed >= instance->limits.nanoseconds) {
        instance->was_cut_off = 1;
        return wasmtime.wasmtime_error_new("its time was used up");
    }
    *more = 1;
    *kind = 0;
    return NULL;
}

// Says how a call ended, and ends what tells of it.
static enum mf_wasm_outcome outcome_of(
    struct mf_instance *instance, wasmtime_error_t *error, wasm_trap_t *trap, char *fault) {
    if (error == NULL && trap == NULL) return MF_WASM_DONE;
    uint8_t code = UINT8_MAX;
    if (error != NULL) mf_tell_error(fault, error);
    if (trap != NULL) {
        if (!wasmtime.wasmtime_trap_code(trap, &code)) code = UINT8_MAX;
        mf_tell_trap(fault, trap);
    }
    if (instance->has_exited) return MF_WASM_EXITED;
    if (instance->was_cut_off || code == TRAP_INTERRUPT || code == TRAP_OUT_OF_FUEL) {
        return MF_WASM_CUT_OFF;
    }
    return code == TRAP_STACK_OVERFLOW ? MF_WASM_STACK_OVERFLOW : MF_WASM_TRAPPED;
}

static void begin(struct mf_instance *instance) {
    instance->was_cut_off = 0;
    instance->has_exited = 0;
    instance->noticed = 0;
    instance->random = 0x853c49e6748fea9b;
    if (instance->engine->counts_instructions) {
        wasmtime_error_t *error =
            wasmtime.wasmtime_context_set_fuel(instance->context, instance->limits.instructions);
        if (error != NULL) wasmtime.wasmtime_error_delete(error);
    } else {
        wasmtime.wasmtime_context_set_epoch_deadline(instance->context, 1);
        mf_clock_use(instance->engine);
    }
}

// Finds an exported function that takes nothing: 1, 0 when there is none, -1 when it is another thing.
static int find(
    struct mf_instance *instance, const char *name, int returns_number, wasmtime_func_t *function) {
    wasmtime_extern_t found;
    if (!wasmtime.wasmtime_instance_export_get(
            instance->context, &instance->instance, name, strlen(name), &found)) {
        return 0;
    }
    if (found.kind != EXTERN_FUNCTION) return -1;
    wasm_functype_t *type = wasmtime.wasmtime_func_type(instance->context, &found.of.function);
    const wasm_valtype_vec_t *takes = wasmtime.wasm_functype_params(type);
    const wasm_valtype_vec_t *gives = wasmtime.wasm_functype_results(type);
    int fits = takes->size == 0 && gives->size == (returns_number ? 1 : 0) &&
               (!returns_number || wasmtime.wasm_valtype_kind(gives->data[0]) == VALUE_I32);
    wasmtime.wasm_functype_delete(type);
    *function = found.of.function;
    return fits ? 1 : -1;
}

static enum mf_wasm_outcome call(
    struct mf_instance *instance, const wasmtime_func_t *function, int32_t *result, char *fault) {
    wasmtime_val_raw_t value = {.room = {0, 0}};
    wasm_trap_t *trap = NULL;
    begin(instance);
    wasmtime_error_t *error = wasmtime.wasmtime_func_call_unchecked(
        instance->context, function, &value, 1, &trap);
    enum mf_wasm_outcome outcome = outcome_of(instance, error, trap, fault);
    if (outcome == MF_WASM_DONE) *result = value.i32;
    return outcome;
}

enum mf_wasm_outcome mf_call(
    struct mf_instance *instance, enum mf_wasm_export function, int32_t *result, char *fault) {
    if (instance->has_function[function] == 1) {
        return call(instance, &instance->functions[function], result, fault);
    }
    static const char text[] = "it does not export what is called";
    mf_tell(fault, text, sizeof text - 1);
    return MF_WASM_NONSENSE;
}

static void find_exports(struct mf_instance *made) {
    static const char *const names[MF_WASM_EXPORTS] = {
        "metaflow_desk",      "metaflow_abi",  "metaflow_describe",
        "metaflow_recognize", "metaflow_read", "metaflow_message",
        "get_hook_bitmap",    "check_payload", "parse_payload",
        "on_http_req",        "on_http_resp",
    };
    wasmtime_extern_t found;
    if (wasmtime.wasmtime_instance_export_get(
            made->context, &made->instance, "memory", 6, &found) &&
        found.kind == EXTERN_MEMORY) {
        made->memory = found.of.memory;
        made->has_memory = 1;
    }
    for (int index = 0; index < MF_WASM_EXPORTS; index++) {
        made->has_function[index] = find(made, names[index], 1, &made->functions[index]);
    }
}

// Asks where its desk is, and what stands on it.
static enum mf_wasm_outcome find_desk(struct mf_instance *made, char *fault) {
    if (made->has_function[MF_WASM_DESK] != 1) return MF_WASM_DONE;
    int32_t desk = 0;
    enum mf_wasm_outcome outcome = mf_call(made, MF_WASM_DESK, &desk, fault);
    if (outcome != MF_WASM_DONE) return outcome;
    const uint8_t *front = mf_place(made, (uint32_t)desk, MF_WASM_DESK_BYTES);
    struct mf_wasm_seat *places = &made->places;
    if (front != NULL) {
        places->desk = (uint32_t)desk;
        memcpy(&places->payload, front, 4);
        memcpy(&places->payload_room, front + 4, 4);
        memcpy(&places->texts, front + 8, 4);
        memcpy(&places->texts_room, front + 12, 4);
    }
    if (front != NULL && mf_place(made, places->payload, places->payload_room) != NULL &&
        mf_place(made, places->texts, places->texts_room) != NULL) {
        return MF_WASM_DONE;
    }
    static const char text[] = "its desk, or the room that it names, lies outside of its memory";
    mf_tell(fault, text, sizeof text - 1);
    return MF_WASM_NONSENSE;
}

static enum mf_wasm_outcome set_up(
    struct mf_instance *made, struct mf_module *module, char *fault) {
    begin(made);
    wasm_trap_t *trap = NULL;
    wasmtime_error_t *error = wasmtime.wasmtime_instance_pre_instantiate(
        module->pre, made->context, &made->instance, &trap);
    enum mf_wasm_outcome outcome = outcome_of(made, error, trap, fault);
    if (outcome != MF_WASM_DONE) return outcome;
    find_exports(made);
    wasmtime_func_t initialize;
    int32_t unused;
    if (find(made, "_initialize", 0, &initialize) == 1) {
        outcome = call(made, &initialize, &unused, fault);
        if (outcome != MF_WASM_DONE) return outcome;
    }
    // A module of DeepFlow's interface is a program, which sets itself up and comes back.
    if (made->has_function[MF_WASM_HOOKS] == 1) {
        made->offers = calloc(1, sizeof *made->offers);
        if (made->offers == NULL) return MF_WASM_NONSENSE;
        if (find(made, "_start", 0, &initialize) == 1) {
            outcome = call(made, &initialize, &unused, fault);
            if (outcome == MF_WASM_EXITED && made->exit_code == 0) outcome = MF_WASM_DONE;
            if (outcome != MF_WASM_DONE) return outcome;
        }
    }
    return find_desk(made, fault);
}

struct mf_instance *mf_instance_new(
    struct mf_module *module, const struct mf_wasm_limits *limits, enum mf_wasm_outcome *outcome,
    char *fault) {
    struct mf_instance *made = calloc(1, sizeof *made);
    if (made == NULL) return NULL;
    made->engine = module->engine;
    made->limits = *limits;
    made->store = wasmtime.wasmtime_store_new(module->engine->engine, made, NULL);
    made->context = wasmtime.wasmtime_store_context(made->store);
    made->places.instance = (mf_wasm_handle)made;
    wasmtime.wasmtime_store_limiter(made->store, limits->memory, 10000, 1, 4, 1);
    if (!module->engine->counts_instructions) {
        wasmtime.wasmtime_store_epoch_deadline_callback(made->store, at_deadline, made, NULL);
    }
    // A program's own start may take longer than a call.
    made->limits.nanoseconds *= SET_UP_CALLS;
    made->limits.instructions *= SET_UP_CALLS;
    *outcome = set_up(made, module, fault);
    made->limits = *limits;
    if (*outcome == MF_WASM_DONE) return made;
    mf_instance_delete(made);
    return NULL;
}

void mf_instance_delete(struct mf_instance *instance) {
    if (instance == NULL) return;
    wasmtime.wasmtime_store_delete(instance->store);
    free(instance->offers);
    free(instance);
}

size_t mf_memory_size(struct mf_instance *instance) {
    if (!instance->has_memory) return 0;
    return wasmtime.wasmtime_memory_data_size(instance->context, &instance->memory);
}

uint8_t *mf_place(struct mf_instance *instance, uint32_t at, size_t count) {
    if (!instance->has_memory) return NULL;
    size_t size = wasmtime.wasmtime_memory_data_size(instance->context, &instance->memory);
    if (at > size || count > size - at) return NULL;
    return wasmtime.wasmtime_memory_data(instance->context, &instance->memory) + at;
}
