// SPDX-License-Identifier: Apache-2.0

#ifndef METAFLOW_WEB_ASSETS_H
#define METAFLOW_WEB_ASSETS_H

#include <stddef.h>

/// One file of the web UI, part of the program. The bytes live as long as the process.
struct mf_web_asset {
    /// The path it is served under, from the slash.
    const char *path;
    /// Its Content-Type.
    const char *type;
    const unsigned char *start;
    size_t size;
};

/// Every file of the web UI; `count` is set to how many there are.
const struct mf_web_asset *mf_web_assets(size_t *count);

#endif
