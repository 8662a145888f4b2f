// SPDX-License-Identifier: Apache-2.0
//
// A switch for card payments: ISO 8583:1987 with a length of two bytes in front of each message, digits in
// ASCII and bitmaps in binary, as many acquirers and switches speak it over TCP. Requests and answers find
// each other by the trace number (field 11) and the terminal (field 41).
//
// Of a card only the first six digits, which name its bank, are told; no number, no PIN and no track.

#include "metaflow_plugin.h"

METAFLOW_PLUGIN("name: iso8583\n"
                "version: 1.0.0\n"
                "kind: protocol\n"
                "protocol: ISO-8583\n"
                "number: 231\n"
                "transport: tcp\n"
                "pairing: identifier\n"
                "ports: 8583\n"
                "timeout: 60\n"
                "sureness: 110\n"
                "opens: .. .. 30 31 | .. .. 30 32 | .. .. 30 34 | .. .. 30 38\n")

// How long fields 2 to 64 are: a number of bytes; below 0, so many digits in front say it.
static const int16_t sizes[65] = {
    0,  0,  -2, 6,  12, 12, 12, 10, 8,  8,  8,  6,  6,  4,  4,  4,  4,  4,  4,  3,  3,  3,
    3,  3,  3,  2,  2,  1,  9,  9,  9,  9,  -2, -2, -2, -2, -3, 12, 6,  2,  3,  8,  15, 40,
    -2, -2, -3, -3, -3, 3,  3,  3,  8,  16, -3, -3, -3, -3, -3, -3, -3, -3, -3, -3, 8,
};

enum { MTI = 4, BITMAP = 8, LONGEST = 4096 };

struct field {
    const uint8_t *at;
    uint32_t count;
};

static struct field fields[65];

static int is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

static int has(const uint8_t *bitmap, int number) {
    return bitmap[(number - 1) / 8] >> (7 - (number - 1) % 8) & 1;
}

static int are_digits(const uint8_t *at, uint32_t count) {
    for (uint32_t index = 0; index < count; index++) {
        if (!is_digit(at[index])) return 0;
    }
    return 1;
}

// Whether these bytes, behind the length, can be a message: version 0, a class, a function, an origin.
static int is_type(const uint8_t *at) {
    return at[0] == '0' && at[1] >= '1' && at[1] <= '8' && is_digit(at[2]) && at[2] <= '4' &&
           at[3] >= '0' && at[3] <= '5';
}

// Finds the fields of a message of so many bytes; 0 when it is none.
static int find_fields(const uint8_t *at, uint32_t count) {
    for (int index = 0; index < 65; index++) fields[index].count = 0;
    if (count < MTI + BITMAP || !is_type(at)) return 0;
    const uint8_t *bitmap = at + MTI;
    const uint8_t *end = at + count;
    const uint8_t *next = bitmap + (has(bitmap, 1) ? 2 * BITMAP : BITMAP);
    for (int number = 2; number <= 64; number++) {
        if (!has(bitmap, number)) continue;
        int size = sizes[number];
        if (next > end) return 0;
        uint32_t left = (uint32_t)(end - next);
        uint32_t length = (uint32_t)size;
        if (size < 0) {
            uint32_t digits = (uint32_t)-size;
            if (left < digits || !are_digits(next, digits)) return 0;
            length = 0;
            for (uint32_t index = 0; index < digits; index++) {
                length = length * 10 + (next[index] - '0');
            }
            next += digits;
            left -= digits;
        }
        if (length > left) return 0;
        fields[number].at = next;
        fields[number].count = length;
        next += length;
    }
    return 1;
}

METAFLOW_EXPORT(metaflow_recognize) int metaflow_recognize(void) {
    uint32_t count = desk.payload_count;
    if (count < 6) return METAFLOW_UNDECIDED;
    uint32_t length = (uint32_t)payload[0] << 8 | payload[1];
    if (length < MTI + BITMAP || length > LONGEST || !is_type(payload + 2)) return METAFLOW_NO;
    if (count < length + 2) return METAFLOW_UNDECIDED;
    if (!find_fields(payload + 2, length) || fields[11].count == 0) return METAFLOW_NO;
    return (payload[4] - '0') % 2 == 0 ? METAFLOW_YES_OF_CLIENT : METAFLOW_YES_OF_SERVER;
}

static const char *type_name(const uint8_t *type) {
    switch (type[1]) {
    case '1': return "authorization";
    case '2': return "financial";
    case '3': return "file action";
    case '4': return "reversal";
    case '5': return "reconciliation";
    case '6': return "administrative";
    case '7': return "fee collection";
    default: return "network management";
    }
}

static const char *response_name(const uint8_t *code) {
    switch ((code[0] - '0') * 10 + (code[1] - '0')) {
    case 1: return "refer to card issuer";
    case 5: return "do not honor";
    case 12: return "invalid transaction";
    case 13: return "invalid amount";
    case 14: return "invalid card number";
    case 30: return "format error";
    case 41: return "lost card";
    case 43: return "stolen card";
    case 51: return "insufficient funds";
    case 54: return "expired card";
    case 55: return "incorrect PIN";
    case 57: return "transaction not permitted";
    case 61: return "exceeds amount limit";
    case 68: return "response received too late";
    case 91: return "issuer unavailable";
    case 96: return "system malfunction";
    default: return "declined";
    }
}

static void attribute(const char *name, int number) {
    metaflow_attribute(name, fields[number].at, fields[number].count);
}

// A number that both halves have: of the trace number and the terminal.
static uint64_t exchange_of(void) {
    uint64_t number = 14695981039346656037u;
    for (uint32_t index = 0; index < fields[11].count; index++) {
        number = (number ^ fields[11].at[index]) * 1099511628211u;
    }
    for (uint32_t index = 0; index < fields[41].count; index++) {
        number = (number ^ fields[41].at[index]) * 1099511628211u;
    }
    return number;
}

static void describe_answer(void) {
    const uint8_t *code = fields[39].at;
    if (fields[39].count != 2 || !are_digits(code, 2)) return;
    int number = (code[0] - '0') * 10 + (code[1] - '0');
    metaflow_code(number);
    if (number == 0 || number == 10 || number == 11) return;
    // What the issuer or the switch could not do is the server's fault, what it would not do the client's.
    metaflow_status(number == 91 || number == 96 || number == 68 ? METAFLOW_SERVER_ERROR
                                                                 : METAFLOW_CLIENT_ERROR);
    metaflow_set_word(METAFLOW_EXCEPTION, response_name(code));
}

METAFLOW_EXPORT(metaflow_read) int metaflow_read(void) {
    uint32_t count = desk.payload_count;
    if (count < 2) return metaflow_need(2);
    uint32_t length = (uint32_t)payload[0] << 8 | payload[1];
    if (length == 0) {
        // A sign of life.
        desk.step = METAFLOW_SKIP;
        desk.count = 2;
        return 1;
    }
    if (length < MTI + BITMAP || length > LONGEST) return 0;
    if (count < length + 2) {
        if (count >= 6 && !is_type(payload + 2)) return 0;
        if (desk.input_flags & METAFLOW_IS_FINAL) {
            desk.step = METAFLOW_SKIP;
            desk.count = length + 2;
            return 1;
        }
        return metaflow_need(length + 2);
    }
    const uint8_t *message = payload + 2;
    if (!find_fields(message, length)) return 0;
    int is_answer = (message[2] - '0') % 2 == 1;
    desk.exchange = exchange_of();
    desk.given |= METAFLOW_HAS_EXCHANGE;
    desk.length = (int64_t)length;
    desk.given |= METAFLOW_HAS_LENGTH;
    if (are_digits(fields[11].at, fields[11].count)) {
        uint64_t number = 0;
        for (uint32_t index = 0; index < fields[11].count; index++) {
            number = number * 10 + (fields[11].at[index] - '0');
        }
        desk.request_id = number;
        desk.given |= METAFLOW_HAS_REQUEST_ID;
    }
    if (is_answer) {
        describe_answer();
        metaflow_set(METAFLOW_RESULT, fields[38].at, fields[38].count);
        return metaflow_message_of(METAFLOW_RESPONSE, length + 2);
    }
    metaflow_set(METAFLOW_REQUEST_TYPE, message, MTI);
    metaflow_set_word(METAFLOW_ENDPOINT, type_name(message));
    metaflow_set(METAFLOW_REQUEST_RESOURCE, fields[3].at, fields[3].count);
    metaflow_set(METAFLOW_REQUEST_DOMAIN, fields[32].at, fields[32].count);
    attribute("iso8583.amount", 4);
    attribute("iso8583.currency", 49);
    attribute("iso8583.merchant_type", 18);
    attribute("iso8583.terminal", 41);
    attribute("iso8583.merchant", 42);
    if (fields[2].count >= 12) metaflow_attribute("iso8583.issuer", fields[2].at, 6);
    return metaflow_message_of(METAFLOW_REQUEST, length + 2);
}
