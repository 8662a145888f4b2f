// SPDX-License-Identifier: Apache-2.0
//
// What packet capture needs of the kernel and the C library does not declare, or only as macros
// with casts: packet sockets, socket filters, routing messages, epoll.

#ifndef METAFLOW_PACKET_CALLS_H
#define METAFLOW_PACKET_CALLS_H

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <stdint.h>

/// A new epoll(7) descriptor, or -1 and errno.
int mf_epoll_open(void);

/// Waits on what was registered with `data` numbers of our choice; see epoll_wait(2). Fills
/// `data`, and `failed` with whether an error waits, for at most `capacity` that are ready; returns
/// how many, or -1 and errno.
int mf_epoll_wait(int descriptor, uint64_t *data, uint8_t *failed, int capacity, int milliseconds);

/// Registers `watched` for input under the number `data`. 0, or -1 and errno.
int mf_epoll_add(int descriptor, int watched, uint64_t data);

/// Binds a packet socket to an interface of the calling thread's network namespace, for every
/// protocol. 0, or -1 and errno.
int mf_bind_packets(int descriptor, int interface);

/// Binds a routing socket to the groups that tell of links and addresses. 0, or -1 and errno.
int mf_bind_routes(int descriptor);

/// The network namespace that a socket belongs to: a descriptor for setns(2), or -1 and errno.
int mf_namespace_of_socket(int descriptor);

#endif
