// SPDX-License-Identifier: Apache-2.0
#ifndef METAFLOW_CZLIB_SHIM_H
#define METAFLOW_CZLIB_SHIM_H

#include <zlib.h>

#endif
