// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "sandbox.h"

#include <dlfcn.h>
#include <string.h>

struct wasmtime_library wasmtime;

static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
static int is_loaded;

// Of a long message the cause, which stands behind the places where it happened.
static void tell_cause(char *fault, const wasm_byte_vec_t *message) {
    static const char mark[] = "Caused by:";
    const char *text = message->data;
    size_t count = message->size;
    const char *cause = memmem(text, count, mark, sizeof mark - 1);
    if (cause != NULL) {
        cause += sizeof mark - 1;
        count -= (size_t)(cause - text);
        text = cause;
    }
    while (count > 0 && (*text == ' ' || *text == '\n')) text++, count--;
    mf_tell(fault, text, count);
    for (char *byte = fault; *byte != 0; byte++) {
        if (*byte == '\n') *byte = ' ';
    }
}

void mf_tell(char *fault, const char *text, size_t count) {
    if (count > MF_WASM_FAULT_BYTES - 1) count = MF_WASM_FAULT_BYTES - 1;
    memcpy(fault, text, count);
    fault[count] = 0;
}

void mf_tell_error(char *fault, wasmtime_error_t *error) {
    wasm_byte_vec_t message;
    wasmtime.wasmtime_error_message(error, &message);
    tell_cause(fault, &message);
    wasmtime.wasm_byte_vec_delete(&message);
    wasmtime.wasmtime_error_delete(error);
}

void mf_tell_trap(char *fault, wasm_trap_t *trap) {
    wasm_byte_vec_t message;
    wasmtime.wasm_trap_message(trap, &message);
    tell_cause(fault, &message);
    wasmtime.wasm_byte_vec_delete(&message);
    wasmtime.wasm_trap_delete(trap);
}

static int load(const char *path, char *fault) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        const char *reason = dlerror();
        mf_tell(fault, reason, strlen(reason));
        return 0;
    }
    const char *missing = NULL;
#define EACH(result, name, takes)                                                                  \
    *(void **)&wasmtime.name = dlsym(library, #name);                                              \
    if (wasmtime.name == NULL) missing = #name;
    WASMTIME_FUNCTIONS(EACH)
#undef EACH
    // Layouts of values belong to one version, and this is found in no other.
    if (dlsym(library, "resolve_vmctx_memory_ptr_50_0_0") == NULL) missing = "version 50.0";
    if (missing == NULL) return 1;
    char text[MF_WASM_FAULT_BYTES] = "it lacks ";
    strncat(text, missing, sizeof text - 16);
    mf_tell(fault, text, strlen(text));
    dlclose(library);
    return 0;
}

int mf_wasm_load(const char *path, char *fault) {
    pthread_mutex_lock(&loading);
    if (!is_loaded) is_loaded = load(path, fault);
    int done = is_loaded;
    pthread_mutex_unlock(&loading);
    return done;
}
