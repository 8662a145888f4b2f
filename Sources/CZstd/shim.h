// SPDX-License-Identifier: Apache-2.0
#ifndef METAFLOW_CZSTD_SHIM_H
#define METAFLOW_CZSTD_SHIM_H

#include <zstd.h>

#endif
