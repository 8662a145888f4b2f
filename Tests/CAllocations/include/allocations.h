// SPDX-License-Identifier: Apache-2.0
//
// Counts the heap allocations of the calling thread. Linking this target puts its malloc and the
// like in front of the C library's, whose own they then call.

#ifndef METAFLOW_ALLOCATIONS_H
#define METAFLOW_ALLOCATIONS_H

#include <stdint.h>

/// Allocations that this thread made since it began, growing reallocations included.
uint64_t mf_allocations(void);

#endif
