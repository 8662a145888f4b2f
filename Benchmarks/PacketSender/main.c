// SPDX-License-Identifier: Apache-2.0

// Sends TCP conversations as frames through an interface, at a rate.
//
//   packet-sender INTERFACE RATE SECONDS FLOWS
//
// Each flow begins with a handshake; then it carries HTTP calls of three packets: request, response,
// acknowledgement. Both directions leave through the one interface, with link addresses of nobody, so
// that the host at the other end takes no notice. Prints the packets sent, the seconds that it took,
// and the calls among them.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { headers = 14 + 20 + 20, frame_size = 512, batch = 96, packets_per_call = 3 };

static const char request[] = "GET /items/1 HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: bench/1\r\n"
                              "Accept: */*\r\n\r\n";
static const char response[] = "HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: text/plain\r\n"
                               "Content-Length: 32\r\n\r\nit is all fine in here, as usual";

struct flow {
    uint32_t client_sequence;
    uint32_t server_sequence;
    uint16_t port;
    uint16_t step;
};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// Writes a frame of a flow and returns its length.
static size_t write_frame(uint8_t *frame, struct flow *flow, int number, int is_from_client,
                          uint8_t flags, const char *payload, size_t length) {
    memset(frame, 0, headers);
    frame[0] = frame[6] = 2;
    frame[5] = is_from_client ? 2 : 1;
    frame[11] = is_from_client ? 1 : 2;
    frame[12] = 0x08;
    struct iphdr *ip = (struct iphdr *)(frame + 14);
    ip->version = 4;
    ip->ihl = 5;
    ip->tot_len = htons((uint16_t)(40 + length));
    ip->ttl = 64;
    ip->protocol = IPPROTO_TCP;
    uint32_t client = htonl(0x0a000000u + (uint32_t)number / 50000u + 1);
    uint32_t server = htonl(0x0a800001u);
    ip->saddr = is_from_client ? client : server;
    ip->daddr = is_from_client ? server : client;
    struct tcphdr *tcp = (struct tcphdr *)(frame + 34);
    tcp->source = htons(is_from_client ? flow->port : 80);
    tcp->dest = htons(is_from_client ? 80 : flow->port);
    tcp->seq = htonl(is_from_client ? flow->client_sequence : flow->server_sequence);
    tcp->ack_seq = htonl(is_from_client ? flow->server_sequence : flow->client_sequence);
    tcp->doff = 5;
    tcp->th_flags = flags;
    tcp->window = htons(65000);
    memcpy(frame + headers, payload, length);
    uint32_t advance = (uint32_t)length + ((flags & TH_SYN) != 0);
    if (is_from_client)
        flow->client_sequence += advance;
    else
        flow->server_sequence += advance;
    return headers + length;
}

static size_t next_frame(uint8_t *frame, struct flow *flow, int number) {
    int step = flow->step++;
    if (step == 5) flow->step = 3;
    switch (step) {
    case 0: return write_frame(frame, flow, number, 1, TH_SYN, "", 0);
    case 1: return write_frame(frame, flow, number, 0, TH_SYN | TH_ACK, "", 0);
    case 2: return write_frame(frame, flow, number, 1, TH_ACK, "", 0);
    case 3:
        return write_frame(frame, flow, number, 1, TH_PUSH | TH_ACK, request, sizeof(request) - 1);
    case 4:
        return write_frame(frame, flow, number, 0, TH_PUSH | TH_ACK, response,
                           sizeof(response) - 1);
    default: return write_frame(frame, flow, number, 1, TH_ACK, "", 0);
    }
}

static int open_interface(const char *name) {
    int descriptor = socket(AF_PACKET, SOCK_RAW, 0);
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_ifindex = (int)if_nametoindex(name)};
    int on = 1;
    if (descriptor < 0 || address.sll_ifindex == 0 ||
        bind(descriptor, (struct sockaddr *)&address, sizeof(address)) ||
        setsockopt(descriptor, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)))
        fail(name);
    return descriptor;
}

int main(int count, char **words) {
    if (count != 5) {
        fprintf(stderr, "usage: packet-sender INTERFACE RATE SECONDS FLOWS\n");
        return 2;
    }
    double rate = atof(words[2]), duration = atof(words[3]);
    int flow_count = atoi(words[4]);
    struct flow *flows = calloc((size_t)flow_count, sizeof(*flows));
    if (rate <= 0 || flow_count <= 0 || !flows) fail("RATE and FLOWS are above 0");
    for (int i = 0; i < flow_count; i++) {
        flows[i].port = (uint16_t)(10000 + i % 50000);
        flows[i].client_sequence = (uint32_t)i * 7919u;
        flows[i].server_sequence = (uint32_t)i * 104729u;
    }
    int descriptor = open_interface(words[1]);
    static uint8_t frames[batch][frame_size];
    struct iovec parts[batch];
    struct mmsghdr messages[batch];
    memset(messages, 0, sizeof(messages));
    for (int i = 0; i < batch; i++) {
        parts[i].iov_base = frames[i];
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    double start = seconds(), now = start;
    uint64_t sent = 0;
    int flow = 0, in_turn = 0;
    while (now - start < duration) {
        for (int i = 0; i < batch; i++) {
            parts[i].iov_len = next_frame(frames[i], &flows[flow], flow);
            // One call of a flow, then the next flow.
            if (++in_turn == packets_per_call) {
                in_turn = 0;
                flow = flow + 1 < flow_count ? flow + 1 : 0;
            }
        }
        for (int done = 0; done < batch;) {
            int more = sendmmsg(descriptor, messages + done, (unsigned)(batch - done), 0);
            if (more < 0) fail("sendmmsg");
            done += more;
        }
        sent += batch;
        double due = start + (double)sent / rate;
        do {
            now = seconds();
        } while (now < due);
    }
    uint64_t handshakes = (uint64_t)flow_count < sent / 3 ? (uint64_t)flow_count : sent / 3;
    printf("%llu %.3f %llu\n", (unsigned long long)sent, now - start,
           (unsigned long long)(sent / 3 - handshakes));
    return 0;
}
