// SPDX-License-Identifier: Apache-2.0
//
// Modules of WebAssembly in sandboxes: bounded in time, memory and stack, without files, network or
// clock. What lies in a module's memory is copied in and out here, with every place checked, so that
// nobody else holds a pointer into it. Handles are numbers; 0 is none.
#ifndef METAFLOW_WASM_H
#define METAFLOW_WASM_H

#include <stddef.h>
#include <stdint.h>

typedef uintptr_t mf_wasm_handle;

// Bytes of a text that says what is wrong, its closing zero included.
#define MF_WASM_FAULT_BYTES 512

// How a call ended.
enum mf_wasm_outcome {
    MF_WASM_DONE = 0,
    // It did what nobody may: an unreachable instruction, a place outside of its memory, a division by 0.
    MF_WASM_TRAPPED = 1,
    // Its time, or its instructions, were used up.
    MF_WASM_CUT_OFF = 2,
    MF_WASM_STACK_OVERFLOW = 3,
    // It called proc_exit.
    MF_WASM_EXITED = 4,
    // It named a place outside of its memory, or said what means nothing.
    MF_WASM_NONSENSE = 5,
    MF_WASM_OUTCOMES = 6,
};

struct mf_wasm_limits {
    // Bytes of its memory.
    int64_t memory;
    // Nanoseconds of processor time that one call may take, where time is what is limited.
    int64_t nanoseconds;
    // Instructions, by and large, that one call may take, where they are.
    uint64_t instructions;
};

// Loads wasmtime from this file: once, for the life of the process. Whether it is there.
int mf_wasm_load(const char *path, char *fault);

// An engine of its own for each way of limiting: by time, or by instructions, which gives the same on
// every machine.
mf_wasm_handle mf_wasm_engine_new(int counts_instructions);
void mf_wasm_engine_delete(mf_wasm_handle engine);

// Compiles a module: of its binary form, or of text. 0, and the fault, when it is none.
mf_wasm_handle mf_wasm_module_new(
    mf_wasm_handle engine, const uint8_t *bytes, size_t count, char *fault);
void mf_wasm_module_delete(mf_wasm_handle module);

// The binary form of a text; how many bytes it has, of which the first `room` are written. 0, and the
// fault, when it is none.
size_t mf_wasm_of_text(const char *text, size_t count, uint8_t *bytes, size_t room, char *fault);

// What modules export beside their memory. Each takes nothing and returns one i32.
enum mf_wasm_export {
    // Where its desk is, see MF_WASM_DESK_BYTES.
    MF_WASM_DESK = 0,
    MF_WASM_ABI = 1,
    MF_WASM_DESCRIBE = 2,
    MF_WASM_RECOGNIZE = 3,
    MF_WASM_READ = 4,
    MF_WASM_MESSAGE = 5,
    // Those of DeepFlow's interface.
    MF_WASM_HOOKS = 6,
    MF_WASM_CHECK = 7,
    MF_WASM_PARSE = 8,
    MF_WASM_HTTP_REQUEST = 9,
    MF_WASM_HTTP_RESPONSE = 10,
    MF_WASM_EXPORTS = 11,
};

// Bytes of a desk: what host and module tell each other lies on it. The first 16 are the module's own:
// where its room for a payload is, and how much, and the same of texts.
#define MF_WASM_DESK_BYTES 728

// Instances of a module, which are made when they are needed. The module must outlive it.
mf_wasm_handle mf_wasm_pool_new(mf_wasm_handle module, const struct mf_wasm_limits *limits);
void mf_wasm_pool_delete(mf_wasm_handle pool);

// What was done by all instances of a pool.
struct mf_wasm_counters {
    uint64_t calls;
    // By outcome; those that are done stay 0.
    uint64_t faults[MF_WASM_OUTCOMES];
    // Times that it was not asked, as it had too many faults.
    uint64_t skipped;
    // Of some of the calls: how many, and the nanoseconds they took.
    uint64_t timed_calls;
    uint64_t timed_nanoseconds;
    // Bytes of memory of all instances.
    uint64_t memory;
};

// The fault is the last one; empty when there is none.
void mf_wasm_pool_count(mf_wasm_handle pool, struct mf_wasm_counters *counters, char *fault);

struct mf_wasm_seat {
    mf_wasm_handle instance;
    uint32_t desk;
    uint32_t payload;
    uint32_t payload_room;
    uint32_t texts;
    uint32_t texts_room;
};

// An instance that nobody else uses until it is given back; whether there is one. There is none while
// the module is not asked because of its faults.
int mf_wasm_borrow(mf_wasm_handle pool, struct mf_wasm_seat *seat);

// Gives it back: after a fault, another one takes its place.
void mf_wasm_give_back(mf_wasm_handle instance, enum mf_wasm_outcome outcome);

// Whether a module has such an export: 1, 0, or -1 when it is something else.
int mf_wasm_exports(mf_wasm_handle instance, enum mf_wasm_export function);

// Calls it. `result` is written when it is done.
enum mf_wasm_outcome mf_wasm_call(
    mf_wasm_handle instance, enum mf_wasm_export function, int32_t *result);

// What a module of DeepFlow's interface may read in a call, and what it says.
enum mf_wasm_offer {
    MF_WASM_OFFER_BASE = 0,
    MF_WASM_OFFER_PAYLOAD = 1,
    MF_WASM_OFFER_REQUEST = 2,
    MF_WASM_OFFER_RESPONSE = 3,
    MF_WASM_OFFERS = 4,
};

// Copies bytes for the module to read, at most MF_WASM_OFFER_BYTES of them, and forgets what it said before.
#define MF_WASM_OFFER_BYTES 16384
void mf_wasm_offer(
    mf_wasm_handle instance, enum mf_wasm_offer what, const uint8_t *bytes, size_t count);

// Takes the records, or the name, that it said: how many bytes, at most `room`.
size_t mf_wasm_take_records(mf_wasm_handle instance, uint8_t *bytes, size_t room);
size_t mf_wasm_take_name(mf_wasm_handle instance, uint8_t *bytes, size_t room);

// Notes what else is wrong with what a module said.
void mf_wasm_blame(mf_wasm_handle instance, const char *text, size_t count);

// Copy bytes into the memory, and out of it; 0, and nothing is done, when they do not lie in it.
int mf_wasm_write(mf_wasm_handle instance, uint32_t at, const uint8_t *bytes, size_t count);
int mf_wasm_read(mf_wasm_handle instance, uint32_t at, uint8_t *bytes, size_t count);

// Takes what the instances of a pool wrote to their log: how many bytes, at most `room`. What found no room
// is lost.
#define MF_WASM_LOG_BYTES 4096
size_t mf_wasm_pool_take_log(mf_wasm_handle pool, uint8_t *bytes, size_t room);

#endif
