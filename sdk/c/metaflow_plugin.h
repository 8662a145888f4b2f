// SPDX-License-Identifier: Apache-2.0
//
// A MetaFlow plugin in C: version 1 of the interface that docs/formats/plugin-abi.md describes.
//
//   clang --target=wasm32 -O2 -fno-builtin -nostdlib -Wl,--no-entry -o name.wasm name.c
//
// Include this in one file; it exports the desk, the version and the description. Your part is
// METAFLOW_PLUGIN("key: value\n...") and the functions that your kind of plugin needs:
//
//   METAFLOW_EXPORT(metaflow_recognize) int metaflow_recognize(void)    a protocol: are these its bytes?
//   METAFLOW_EXPORT(metaflow_read)      int metaflow_read(void)         a protocol: the next message
//   METAFLOW_EXPORT(metaflow_message)   int metaflow_message(void)      a hook: one message
#ifndef METAFLOW_PLUGIN_H
#define METAFLOW_PLUGIN_H

#include <stdint.h>

#define METAFLOW_EXPORT(name) __attribute__((export_name(#name)))

// Bytes of a payload, and of texts, that the host may show at a time.
#ifndef METAFLOW_PAYLOAD_ROOM
#define METAFLOW_PAYLOAD_ROOM 16384
#endif
#ifndef METAFLOW_TEXT_ROOM
#define METAFLOW_TEXT_ROOM 8192
#endif

enum { METAFLOW_CLIENT = 0, METAFLOW_SERVER = 1, METAFLOW_NOBODY_KNOWS = 2 };

// What metaflow_recognize answers.
enum {
    METAFLOW_NO = 0,
    METAFLOW_UNDECIDED = 1,
    METAFLOW_YES = 2,
    METAFLOW_YES_OF_CLIENT = 3,
    METAFLOW_YES_OF_SERVER = 4,
};

// What metaflow_read says of the front of the payload, in `step`.
enum {
    METAFLOW_MESSAGE = 1,
    METAFLOW_SKIP = 2,
    METAFLOW_NEED_MORE = 3,
    METAFLOW_LOOK_UP = 4,
    METAFLOW_BODY = 5,
    METAFLOW_END = 6,
    METAFLOW_MORE = 7,
};

enum { METAFLOW_REQUEST = 0, METAFLOW_RESPONSE = 1, METAFLOW_SESSION = 2 };

enum {
    METAFLOW_OK = 0,
    METAFLOW_SERVER_ERROR = 3,
    METAFLOW_CLIENT_ERROR = 4,
    METAFLOW_UNKNOWN = 5,
    METAFLOW_UNREADABLE = 6,
};

// Of `input_flags`.
enum {
    METAFLOW_IS_FINAL = 1,
    METAFLOW_MAY_BE_INSIDE = 2,
    METAFLOW_IS_TRUNCATED = 4,
    METAFLOW_BYTES_WERE_LOST = 8,
    METAFLOW_EXPECT_REQUEST = 16,
};

// Of `given`: fields that are meant.
enum {
    METAFLOW_HAS_EXCHANGE = 1,
    METAFLOW_HAS_REQUEST_ID = 2,
    METAFLOW_HAS_CODE = 4,
    METAFLOW_HAS_LENGTH = 8,
    METAFLOW_HAS_ROWS = 16,
    METAFLOW_HAS_STATUS = 32,
};

// Of `flags`.
enum {
    METAFLOW_UNTIL_TURN = 1,
    METAFLOW_HEAD = 2,
    METAFLOW_ENDS = 4,
    METAFLOW_GOES_ON = 8,
    METAFLOW_IS_PUSH = 16,
    METAFLOW_MAY_BLOCK = 32,
    METAFLOW_NEEDS_ANSWER = 64,
    METAFLOW_TRUNCATED = 128,
    METAFLOW_END_IS_UNSEEN = 256,
};

// Of `look_up` and `oldest`: what is known of a request.
enum {
    METAFLOW_NOT_ASKED = 0,
    METAFLOW_NOTHING = 1,
    METAFLOW_FORGOTTEN = 2,
    METAFLOW_NOTE = 3,
};

// Places in `texts`.
enum {
    METAFLOW_VERSION,
    METAFLOW_REQUEST_TYPE,
    METAFLOW_REQUEST_DOMAIN,
    METAFLOW_REQUEST_RESOURCE,
    METAFLOW_ENDPOINT,
    METAFLOW_EXCEPTION,
    METAFLOW_RESULT,
    METAFLOW_TRACE_ID,
    METAFLOW_SPAN_ID,
    METAFLOW_PARENT_SPAN_ID,
    METAFLOW_REQUEST_X_REQUEST_ID,
    METAFLOW_RESPONSE_X_REQUEST_ID,
    METAFLOW_PROXY_CLIENT,
    METAFLOW_USER_AGENT,
    METAFLOW_REFERER,
    METAFLOW_TEXTS,
};

#define METAFLOW_ATTRIBUTES 16
#define METAFLOW_HEADERS 16

struct metaflow_text {
    const void *at;
    uint32_t count;
};

struct metaflow_attribute {
    struct metaflow_text name;
    struct metaflow_text value;
};

// Numbers are little endian, as the machine has them.
struct metaflow_desk {
    // Yours.
    uint8_t *payload_room;
    uint32_t payload_room_count;
    uint8_t *text_room;
    uint32_t text_room_count;
    // What you are told: bytes shown of the payload, and how many there are.
    uint32_t payload_count;
    uint32_t payload_total;
    uint8_t transport;
    uint8_t side;
    uint16_t server_port;
    uint8_t input_flags;
    uint8_t look_up;
    uint8_t oldest;
    uint8_t input_kind;
    uint32_t waiting;
    uint8_t protocol;
    uint8_t input_status;
    uint8_t reserved[2];
    uint64_t look_up_id;
    uint64_t look_up_note;
    uint64_t oldest_note;
    int64_t input_code;
    uint8_t more_reserved[8];
    // Yours, of this conversation: what you leave is there again next time.
    uint8_t state[64];
    // What you answer; all zero before.
    uint32_t step;
    uint32_t kind;
    uint64_t count;
    uint64_t exchange;
    uint64_t request_id;
    uint64_t note;
    int64_t length;
    int32_t code;
    uint32_t given;
    uint32_t status;
    uint32_t flags;
    uint32_t parts;
    uint32_t attribute_count;
    uint64_t affected_rows;
    struct metaflow_text texts[METAFLOW_TEXTS];
    struct metaflow_attribute attributes[METAFLOW_ATTRIBUTES];
    // Told to hooks: values of the header fields that the description names, in its order.
    struct metaflow_text headers[METAFLOW_HEADERS];
};

_Static_assert(sizeof(struct metaflow_desk) == 728, "as the interface has it");

// A plugin of several files, such as one in Swift with a part in C, has these in the file that defines
// METAFLOW_HOME, and declares them in others, which define METAFLOW_AWAY.
#ifdef METAFLOW_AWAY
extern uint8_t metaflow_payload[METAFLOW_PAYLOAD_ROOM];
extern struct metaflow_desk desk;
#else
#ifndef METAFLOW_HOME
#define METAFLOW_HOME static
#endif
METAFLOW_HOME uint8_t metaflow_payload[METAFLOW_PAYLOAD_ROOM];
static uint8_t metaflow_texts[METAFLOW_TEXT_ROOM];
METAFLOW_HOME struct metaflow_desk desk = {
    .payload_room = metaflow_payload,
    .payload_room_count = METAFLOW_PAYLOAD_ROOM,
    .text_room = metaflow_texts,
    .text_room_count = METAFLOW_TEXT_ROOM,
};
static const uint8_t *const payload = metaflow_payload;

METAFLOW_EXPORT(metaflow_desk) struct metaflow_desk *metaflow_desk(void) { return &desk; }
METAFLOW_EXPORT(metaflow_abi) int metaflow_abi(void) { return 1; }
#endif

#define METAFLOW_PLUGIN(text)                                                                      \
    METAFLOW_EXPORT(metaflow_describe) const char *metaflow_describe(void) { return text; }

__attribute__((import_module("metaflow"), import_name("log"))) void metaflow_log(
    const void *text, uint32_t count);

// The byte of the payload at this place, and where it is; 0 behind its end.
static inline uint8_t metaflow_byte(uint32_t place) {
    return place < desk.payload_count ? metaflow_payload[place] : 0;
}

static inline const uint8_t *metaflow_at(uint32_t place) { return metaflow_payload + place; }

static inline uint32_t metaflow_length(const char *text) {
    uint32_t count = 0;
    while (text[count] != 0) count++;
    return count;
}

static inline void metaflow_set(int place, const void *at, uint32_t count) {
    desk.texts[place].at = at;
    desk.texts[place].count = count;
}

static inline void metaflow_set_word(int place, const char *word) {
    metaflow_set(place, word, metaflow_length(word));
}

static inline void metaflow_attribute(const char *name, const void *at, uint32_t count) {
    if (count == 0 || desk.attribute_count >= METAFLOW_ATTRIBUTES) return;
    struct metaflow_attribute *attribute = &desk.attributes[desk.attribute_count++];
    attribute->name.at = name;
    attribute->name.count = metaflow_length(name);
    attribute->value.at = at;
    attribute->value.count = count;
}

// The end of metaflow_read: a message of so many bytes.
static inline int metaflow_message_of(int kind, uint64_t count) {
    desk.step = METAFLOW_MESSAGE;
    desk.kind = (uint32_t)kind;
    desk.count = count;
    return 1;
}

// The end of metaflow_read: so many bytes have to be there. When none will come, what is there is passed
// over.
static inline int metaflow_need(uint64_t count) {
    desk.step = desk.input_flags & METAFLOW_IS_FINAL ? METAFLOW_SKIP : METAFLOW_NEED_MORE;
    desk.count = desk.input_flags & METAFLOW_IS_FINAL ? desk.payload_count : count;
    return 1;
}

static inline void metaflow_exchange(uint64_t id) {
    desk.exchange = desk.request_id = id;
    desk.given |= METAFLOW_HAS_EXCHANGE | METAFLOW_HAS_REQUEST_ID;
}

static inline void metaflow_status(int status) {
    desk.status = (uint32_t)status;
    desk.given |= METAFLOW_HAS_STATUS;
}

static inline void metaflow_code(int32_t code) {
    desk.code = code;
    desk.given |= METAFLOW_HAS_CODE;
}

#endif
