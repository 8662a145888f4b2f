// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "linux_calls.h"

#include "probe_events.h"

#include <sched.h>

int mf_enter_namespace(int descriptor, int kind) { return setns(descriptor, kind); }

int mf_leave_network_namespace(void) { return unshare(CLONE_NEWNET); }
