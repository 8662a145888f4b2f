// SPDX-License-Identifier: Apache-2.0

#pragma once

// Unmaps, once a minute for the life of the process, what was read of the shared library that was
// loaded from `path` and not changed. `path` must stay where it is.
void keep_library_small(const char *path);
