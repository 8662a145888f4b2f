// SPDX-License-Identifier: Apache-2.0
//
// What a plugin in Swift has in C: the desk, the description, and what Swift asks of a system.

#define METAFLOW_HOME
#include "metaflow_plugin.h"

METAFLOW_PLUGIN("name: NAME\n"
                "version: 0.1.0\n"
                "kind: protocol\n"
                "protocol: NAME\n"
                "number: 240\n"
                "pairing: order\n"
                "ports: 9000\n"
                "only_ports: true\n")

void *memset(void *place, int byte, unsigned long count) {
    for (unsigned long index = 0; index < count; index++) ((uint8_t *)place)[index] = (uint8_t)byte;
    return place;
}

void *memmove(void *to, const void *from, unsigned long count) {
    if (to < from) {
        for (unsigned long index = 0; index < count; index++) {
            ((uint8_t *)to)[index] = ((const uint8_t *)from)[index];
        }
    } else {
        while (count-- > 0) ((uint8_t *)to)[count] = ((const uint8_t *)from)[count];
    }
    return to;
}

void *memcpy(void *to, const void *from, unsigned long count) { return memmove(to, from, count); }

// Memory is given out and never taken back: make no arrays and classes for messages, and none is needed.
extern uint8_t __heap_base;

int posix_memalign(void **place, unsigned long alignment, unsigned long count) {
    static unsigned long next;
    if (next == 0) next = (unsigned long)&__heap_base;
    next = (next + alignment - 1) / alignment * alignment;
    while (next + count > __builtin_wasm_memory_size(0) * 65536) {
        if (__builtin_wasm_memory_grow(0, 1) == (unsigned long)-1) return 12;
    }
    *place = (void *)next;
    next += count;
    return 0;
}

void free(void *place) { (void)place; }
