// SPDX-License-Identifier: Apache-2.0

#include "packet_calls.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { MOST_EVENTS = 64 };

int mf_epoll_open(void) { return epoll_create1(EPOLL_CLOEXEC); }

int mf_epoll_wait(int descriptor, uint64_t *data, uint8_t *failed, int capacity, int milliseconds) {
    struct epoll_event ready[MOST_EVENTS];
    if (capacity > MOST_EVENTS)
        capacity = MOST_EVENTS;
    int count = epoll_wait(descriptor, ready, capacity, milliseconds);
    for (int i = 0; i < count; i++) {
        data[i] = ready[i].data.u64;
        failed[i] = (ready[i].events & ~(uint32_t)EPOLLIN) != 0;
    }
    return count;
}

int mf_epoll_add(int descriptor, int watched, uint64_t data) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = data};
    return epoll_ctl(descriptor, EPOLL_CTL_ADD, watched, &event);
}

int mf_bind_packets(int descriptor, int interface) {
    struct sockaddr_ll address;
    memset(&address, 0, sizeof(address));
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = interface;
    return bind(descriptor, (const struct sockaddr *)&address, sizeof(address));
}

int mf_bind_routes(int descriptor) {
    struct sockaddr_nl address;
    memset(&address, 0, sizeof(address));
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
    return bind(descriptor, (const struct sockaddr *)&address, sizeof(address));
}

int mf_namespace_of_socket(int descriptor) { return ioctl(descriptor, SIOCGSKNS); }
