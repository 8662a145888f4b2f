// SPDX-License-Identifier: Apache-2.0
//
// The protocol NAME. What it reads now is an example: lines of ASCII, a request each, which are answered in
// order by lines that begin with + or -. See docs/guides/writing-a-plugin.md of MetaFlow.

#include "metaflow_plugin.h"

METAFLOW_PLUGIN("name: NAME\n"
                "version: 0.1.0\n"
                "kind: protocol\n"
                "protocol: NAME\n"
                "number: 240\n"
                "pairing: order\n"
                "ports: 9000\n"
                "only_ports: true\n")

static uint32_t line_end(void) {
    for (uint32_t index = 0; index < desk.payload_count; index++) {
        if (payload[index] == '\n') return index + 1;
    }
    return 0;
}

METAFLOW_EXPORT(metaflow_recognize) int metaflow_recognize(void) {
    uint32_t end = line_end();
    if (end == 0) return desk.payload_count < 1024 ? METAFLOW_UNDECIDED : METAFLOW_NO;
    for (uint32_t index = 0; index + 1 < end; index++) {
        if (payload[index] < ' ' && payload[index] != '\r') return METAFLOW_NO;
    }
    return payload[0] == '+' || payload[0] == '-' ? METAFLOW_YES_OF_SERVER
                                                  : METAFLOW_YES_OF_CLIENT;
}

METAFLOW_EXPORT(metaflow_read) int metaflow_read(void) {
    uint32_t end = line_end();
    if (end == 0) return metaflow_need(0);
    uint32_t count = end - 1;
    if (count > 0 && payload[count - 1] == '\r') count--;
    if (desk.side == METAFLOW_SERVER) {
        if (payload[0] == '-') {
            metaflow_status(METAFLOW_SERVER_ERROR);
            metaflow_set(METAFLOW_EXCEPTION, payload + 1, count - 1);
        }
        return metaflow_message_of(METAFLOW_RESPONSE, end);
    }
    uint32_t word = 0;
    while (word < count && payload[word] != ' ') word++;
    metaflow_set(METAFLOW_REQUEST_TYPE, payload, word);
    metaflow_set(METAFLOW_ENDPOINT, payload, word);
    metaflow_set(METAFLOW_REQUEST_RESOURCE, payload, count);
    return metaflow_message_of(METAFLOW_REQUEST, end);
}
