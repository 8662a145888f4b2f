// SPDX-License-Identifier: Apache-2.0
//
// The hook NAME. What it does now is an example: of a request of HTTP the header field X-Tenant-Id becomes the
// attribute tenant.id. See docs/guides/writing-a-plugin.md of MetaFlow.

#include "metaflow_plugin.h"

METAFLOW_PLUGIN("name: NAME\n"
                "version: 0.1.0\n"
                "kind: hook\n"
                "protocols: HTTP\n"
                "headers: x-tenant-id\n")

METAFLOW_EXPORT(metaflow_message) int metaflow_message(void) {
    if (desk.input_kind != METAFLOW_REQUEST || desk.headers[0].count == 0) return 0;
    metaflow_attribute("tenant.id", desk.headers[0].at, desk.headers[0].count);
    return 1;
}
