// SPDX-License-Identifier: Apache-2.0
//
// Calls as many companies make them at home: four bytes of length, then a message of protobuf with
//
//   message Envelope {
//     uint64 id = 1;        // the same in request and answer
//     string method = 2;    // "Orders/Create"; only in requests
//     int32 status = 3;     // of an answer; 0 is well
//     string error = 4;     // what went wrong
//     string trace_id = 5;
//     bytes body = 15;      // not looked at
//   }

#include "metaflow_plugin.h"

METAFLOW_PLUGIN("name: length-prefixed-rpc\n"
                "version: 1.0.0\n"
                "kind: protocol\n"
                "protocol: EnvelopeRPC\n"
                "number: 232\n"
                "pairing: identifier\n"
                "ports: 7700\n"
                "sureness: 105\n"
                "opens: 00 .. .. .. 08\n")

enum { LONGEST = 1 << 24, FRONT = 512 };

struct envelope {
    uint64_t id;
    uint64_t status;
    struct metaflow_text method;
    struct metaflow_text error;
    struct metaflow_text trace;
    int has_status;
};

// Reads a number of 7 bits a byte; 0 when it does not end here.
static int number(const uint8_t **at, const uint8_t *end, uint64_t *value) {
    *value = 0;
    for (uint32_t shift = 0; shift < 64 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;
        *value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) return 1;
    }
    return 0;
}

static void keep(struct envelope *found, uint64_t field, const uint8_t *at, uint32_t count) {
    struct metaflow_text text = {at, count};
    if (field == 2) found->method = text;
    if (field == 4) found->error = text;
    if (field == 5) found->trace = text;
}

// Reads what is there of an envelope; 0 when it is none. A text that goes on behind what is shown ends it.
static int read(const uint8_t *at, const uint8_t *end, struct envelope *found) {
    uint64_t key, value;
    *found = (struct envelope){0};
    if (!number(&at, end, &key) || key != 8 || !number(&at, end, &found->id)) return 0;
    while (at < end && number(&at, end, &key)) {
        uint64_t field = key >> 3;
        if (field == 0 || field > 15) return 0;
        if ((key & 7) == 0) {
            if (!number(&at, end, &value)) return 1;
            if (field == 3) found->status = value, found->has_status = 1;
        } else if ((key & 7) == 2) {
            if (!number(&at, end, &value)) return 1;
            if (value > (uint64_t)(end - at)) return 1;
            keep(found, field, at, (uint32_t)value);
            at += value;
        } else {
            return 0;
        }
    }
    return 1;
}

// Whether a method is written as such: names with a slash between them.
static int is_method(const struct metaflow_text *text) {
    const uint8_t *at = text->at;
    uint32_t slashes = 0;
    for (uint32_t index = 0; index < text->count; index++) {
        uint8_t byte = at[index];
        uint8_t letter = (uint8_t)(byte | 32);
        if (byte == '/') slashes++;
        else if (!(letter >= 'a' && letter <= 'z') && !(byte >= '0' && byte <= '9') &&
                 byte != '.' && byte != '_') {
            return 0;
        }
    }
    return slashes == 1;
}

static uint32_t length_of(void) {
    return (uint32_t)payload[0] << 24 | (uint32_t)payload[1] << 16 | (uint32_t)payload[2] << 8 |
           payload[3];
}

METAFLOW_EXPORT(metaflow_recognize) int metaflow_recognize(void) {
    struct envelope found;
    uint32_t count = desk.payload_count;
    if (count < 6) return METAFLOW_UNDECIDED;
    uint32_t length = length_of();
    if (length < 2 || length > LONGEST) return METAFLOW_NO;
    uint32_t shown = count - 4 < length ? count - 4 : length;
    if (!read(payload + 4, payload + 4 + shown, &found)) return METAFLOW_NO;
    if (is_method(&found.method)) return METAFLOW_YES_OF_CLIENT;
    // Without a method it is an answer, which is told by having a status and nothing behind its end.
    if (count < length + 4) return METAFLOW_UNDECIDED;
    return found.method.count == 0 && found.has_status && count == length + 4
               ? METAFLOW_YES_OF_SERVER
               : METAFLOW_NO;
}

METAFLOW_EXPORT(metaflow_read) int metaflow_read(void) {
    struct envelope found;
    uint32_t count = desk.payload_count;
    if (count < 4) return metaflow_need(4);
    uint32_t length = length_of();
    if (length < 2 || length > LONGEST) return 0;
    uint32_t wanted = length < FRONT ? length : FRONT;
    if (count - 4 < wanted && !(desk.input_flags & METAFLOW_IS_FINAL)) {
        return metaflow_need(wanted + 4);
    }
    uint32_t shown = count - 4 < wanted ? count - 4 : wanted;
    if (!read(payload + 4, payload + 4 + shown, &found)) {
        if (shown == wanted) return 0;
        desk.step = METAFLOW_SKIP;
        desk.count = length + 4;
        return 1;
    }
    metaflow_exchange(found.id);
    desk.length = length;
    desk.given |= METAFLOW_HAS_LENGTH;
    if (shown < wanted) desk.flags |= METAFLOW_TRUNCATED;
    metaflow_set(METAFLOW_TRACE_ID, found.trace.at, found.trace.count);
    if (found.method.count > 0) {
        const uint8_t *name = found.method.at;
        uint32_t slash = 0;
        while (slash < found.method.count && name[slash] != '/') slash++;
        metaflow_set(METAFLOW_REQUEST_DOMAIN, name, slash);
        metaflow_set(METAFLOW_ENDPOINT, name, found.method.count);
        metaflow_set(METAFLOW_REQUEST_RESOURCE, name, found.method.count);
        if (slash < found.method.count) {
            metaflow_set(METAFLOW_REQUEST_TYPE, name + slash + 1, found.method.count - slash - 1);
        }
        return metaflow_message_of(METAFLOW_REQUEST, (uint64_t)length + 4);
    }
    metaflow_code((int32_t)found.status);
    if (found.status != 0) metaflow_status(METAFLOW_SERVER_ERROR);
    metaflow_set(METAFLOW_EXCEPTION, found.error.at, found.error.count);
    return metaflow_message_of(METAFLOW_RESPONSE, (uint64_t)length + 4);
}
