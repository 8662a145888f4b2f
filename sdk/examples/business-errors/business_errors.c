// SPDX-License-Identifier: Apache-2.0
//
// Services that answer 200 and say in the body what went wrong: {"code": 40301, "message": "..."}. Such an
// answer becomes an error, with its code and message; code 0, or none, leaves it as it is. Of a request the
// tenant, which a header names, becomes an attribute.
//
// The settings must allow it to see bodies: plugins.payload in the agent's file.

#include "metaflow_plugin.h"

METAFLOW_PLUGIN("name: business-errors\n"
                "version: 1.0.0\n"
                "kind: hook\n"
                "protocols: HTTP\n"
                "headers: x-tenant-id content-type\n"
                "payload: 2048\n")

enum { TENANT = 0, CONTENT_TYPE = 1 };

static int begins(const uint8_t *at, uint32_t count, const char *word) {
    uint32_t length = metaflow_length(word);
    if (count < length) return 0;
    for (uint32_t index = 0; index < length; index++) {
        if (at[index] != (uint8_t)word[index]) return 0;
    }
    return 1;
}

// Where the body begins, behind the first empty line; the end of what is shown when there is none.
static uint32_t body(void) {
    for (uint32_t index = 0; index + 4 <= desk.payload_count; index++) {
        if (begins(payload + index, 4, "\r\n\r\n")) return index + 4;
    }
    return desk.payload_count;
}

// Where the value of a key of the outermost object begins; 0 when it is not there.
static uint32_t value_of(const char *key, uint32_t from) {
    int depth = 0;
    uint32_t length = metaflow_length(key);
    for (uint32_t index = from; index < desk.payload_count; index++) {
        uint8_t byte = payload[index];
        if (byte == '{' || byte == '[') depth++;
        if (byte == '}' || byte == ']') depth--;
        if (byte != '"') continue;
        uint32_t start = index + 1;
        for (index = start; index < desk.payload_count && payload[index] != '"'; index++) {
            if (payload[index] == '\\') index++;
        }
        if (depth != 1 || index - start != length ||
            !begins(payload + start, length, key)) {
            continue;
        }
        uint32_t next = index + 1;
        while (next < desk.payload_count && payload[next] == ' ') next++;
        if (next >= desk.payload_count || payload[next] != ':') continue;
        next++;
        while (next < desk.payload_count && payload[next] == ' ') next++;
        return next < desk.payload_count ? next : 0;
    }
    return 0;
}

static int answer(void) {
    if (desk.input_status != METAFLOW_OK) return 0;
    const struct metaflow_text *type = &desk.headers[CONTENT_TYPE];
    if (!begins(type->at, type->count, "application/json")) return 0;
    uint32_t start = body();
    uint32_t at = value_of("code", start);
    if (at == 0) return 0;
    int32_t code = 0;
    uint32_t digits = 0;
    while (at < desk.payload_count && digits < 9 && payload[at] >= '0' && payload[at] <= '9') {
        code = code * 10 + (payload[at++] - '0');
        digits++;
    }
    if (digits == 0 || code == 0) return 0;
    metaflow_code(code);
    metaflow_status(code >= 50000 ? METAFLOW_SERVER_ERROR : METAFLOW_CLIENT_ERROR);
    uint32_t text = value_of("message", start);
    if (text != 0 && payload[text] == '"') {
        uint32_t end = text + 1;
        while (end < desk.payload_count && payload[end] != '"') end++;
        metaflow_set(METAFLOW_EXCEPTION, payload + text + 1, end - text - 1);
    }
    return 1;
}

METAFLOW_EXPORT(metaflow_message) int metaflow_message(void) {
    if (desk.input_kind == METAFLOW_RESPONSE) return answer();
    const struct metaflow_text *tenant = &desk.headers[TENANT];
    if (tenant->count == 0) return 0;
    metaflow_attribute("tenant.id", tenant->at, tenant->count);
    return 1;
}
