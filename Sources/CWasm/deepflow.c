// SPDX-License-Identifier: Apache-2.0
//
// What modules import that were made for DeepFlow's agent, by its published interface: they ask for what
// they are shown, and hand over what they found.

#include "sandbox.h"

#include <stdlib.h>
#include <string.h>

// Copies what is offered into the module's memory; how many bytes, or `none` when there is nothing or no room.
static wasm_trap_t *give(
    wasmtime_caller_t *caller, wasmtime_val_raw_t *values, enum mf_wasm_offer what, int32_t none) {
    struct mf_instance *instance = mf_instance_of(caller);
    uint32_t room = (uint32_t)values[1].i32;
    uint8_t *place = mf_place(instance, (uint32_t)values[0].i32, room);
    if (place == NULL) return mf_trap("it asks for bytes outside of its memory");
    values[0].i32 = none;
    if (instance->offers == NULL) return NULL;
    size_t count = instance->offers->counts[what];
    // Of a payload as much as has room.
    if (what == MF_WASM_OFFER_PAYLOAD && count > room) count = room;
    if (count == 0 || count > room) return NULL;
    memcpy(place, instance->offers->bytes[what], count);
    values[0].i32 = (int32_t)count;
    return NULL;
}

static wasm_trap_t *read_base(
    void *unused, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count) {
    return give(caller, values, MF_WASM_OFFER_BASE, 0);
}

static wasm_trap_t *read_payload(
    void *unused, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count) {
    return give(caller, values, MF_WASM_OFFER_PAYLOAD, -1);
}

static wasm_trap_t *read_request(
    void *unused, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count) {
    return give(caller, values, MF_WASM_OFFER_REQUEST, 0);
}

static wasm_trap_t *read_response(
    void *unused, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count) {
    return give(caller, values, MF_WASM_OFFER_RESPONSE, 0);
}

static wasm_trap_t *read_nothing(
    void *unused, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count) {
    values[0].i32 = 0;
    return NULL;
}

// Takes bytes over, behind those that were taken before in this call; whether all have room.
static wasm_trap_t *take(
    wasmtime_caller_t *caller, wasmtime_val_raw_t *values, uint8_t *bytes, size_t room,
    size_t *held) {
    struct mf_instance *instance = mf_instance_of(caller);
    uint32_t count = (uint32_t)values[1].i32;
    const uint8_t *place = mf_place(instance, (uint32_t)values[0].i32, count);
    if (place == NULL) return mf_trap("it hands over bytes outside of its memory");
    values[0].i32 = count <= room - *held;
    if (!values[0].i32) return NULL;
    memcpy(bytes + *held, place, count);
    *held += count;
    return NULL;
}

static wasm_trap_t *take_records(
    void *unused, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count) {
    struct mf_offers *offers = mf_instance_of(caller)->offers;
    if (offers == NULL) return read_nothing(unused, caller, values, count);
    return take(caller, values, offers->records, sizeof offers->records, &offers->record_count);
}

static wasm_trap_t *take_name(
    void *unused, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count) {
    struct mf_offers *offers = mf_instance_of(caller)->offers;
    if (offers == NULL) return read_nothing(unused, caller, values, count);
    offers->name_count = 0;
    return take(caller, values, offers->name, sizeof offers->name, &offers->name_count);
}

static wasm_trap_t *log_text(
    void *unused, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count) {
    struct mf_instance *instance = mf_instance_of(caller);
    uint32_t length = (uint32_t)values[1].i32;
    const uint8_t *text = mf_place(instance, (uint32_t)values[0].i32, length);
    if (text == NULL) return mf_trap("it logs bytes outside of its memory");
    mf_append_log(instance, text, length);
    mf_append_log(instance, (const uint8_t *)"\n", 1);
    return NULL;
}

const struct mf_import mf_deepflow_imports[] = {
    {"deepflow", "wasm_log", "iii", "", log_text},
    {"deepflow", "vm_read_ctx_base", "ii", "i", read_base},
    {"deepflow", "vm_read_payload", "ii", "i", read_payload},
    {"deepflow", "vm_read_http_req_info", "ii", "i", read_request},
    {"deepflow", "vm_read_http_resp_info", "ii", "i", read_response},
    {"deepflow", "vm_read_custom_message_info", "ii", "i", read_nothing},
    {"deepflow", "host_read_l7_protocol_info", "ii", "i", take_records},
    {"deepflow", "host_read_http_result", "ii", "i", read_nothing},
    {"deepflow", "host_read_str_result", "ii", "i", take_name},
};

const size_t mf_deepflow_import_count =
    sizeof mf_deepflow_imports / sizeof *mf_deepflow_imports;

void mf_wasm_offer(
    mf_wasm_handle handle, enum mf_wasm_offer what, const uint8_t *bytes, size_t count) {
    struct mf_offers *offers = ((struct mf_instance *)handle)->offers;
    if (offers == NULL) return;
    if (count > MF_WASM_OFFER_BYTES) count = MF_WASM_OFFER_BYTES;
    if (count > 0) memcpy(offers->bytes[what], bytes, count);
    offers->counts[what] = count;
    offers->record_count = 0;
    offers->name_count = 0;
}

size_t mf_wasm_take_records(mf_wasm_handle handle, uint8_t *bytes, size_t room) {
    struct mf_offers *offers = ((struct mf_instance *)handle)->offers;
    if (offers == NULL) return 0;
    size_t count = offers->record_count < room ? offers->record_count : room;
    memcpy(bytes, offers->records, count);
    return count;
}

size_t mf_wasm_take_name(mf_wasm_handle handle, uint8_t *bytes, size_t room) {
    struct mf_offers *offers = ((struct mf_instance *)handle)->offers;
    if (offers == NULL) return 0;
    size_t count = offers->name_count < room ? offers->name_count : room;
    memcpy(bytes, offers->name, count);
    return count;
}
