// SPDX-License-Identifier: Apache-2.0
//
// libbpf as Debian's libbpf-dev brings it: loading objects, attaching programs, reading maps.

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
