// SPDX-License-Identifier: Apache-2.0

#include "web_assets.h"

// #embed is C23; the language mode is older, and the compiler says so for every line.
#pragma clang diagnostic ignored "-Wc23-extensions"

// Every file of the web UI. A new one is an array here and a line in the table below.

#if !__has_embed("../../.bootstrap/web/echarts.min.js")
#error "the chart library is missing: run 'make bootstrap' first"
#endif

static const unsigned char index_html[] = {
#embed "../../web/index.html"
};

static const unsigned char app_css[] = {
#embed "../../web/app.css"
};

static const unsigned char icon_svg[] = {
#embed "../../web/icon.svg"
};

static const unsigned char address_js[] = {
#embed "../../web/address.js"
};

static const unsigned char agents_js[] = {
#embed "../../web/agents.js"
};

static const unsigned char api_js[] = {
#embed "../../web/api.js"
};

static const unsigned char app_js[] = {
#embed "../../web/app.js"
};

static const unsigned char call_js[] = {
#embed "../../web/call.js"
};

static const unsigned char charts_js[] = {
#embed "../../web/charts.js"
};

static const unsigned char columns_js[] = {
#embed "../../web/columns.js"
};

static const unsigned char connections_js[] = {
#embed "../../web/connections.js"
};

static const unsigned char console_js[] = {
#embed "../../web/console.js"
};

static const unsigned char controls_js[] = {
#embed "../../web/controls.js"
};

static const unsigned char coverage_js[] = {
#embed "../../web/coverage.js"
};

static const unsigned char dom_js[] = {
#embed "../../web/dom.js"
};

static const unsigned char drawer_js[] = {
#embed "../../web/drawer.js"
};

static const unsigned char drawing_js[] = {
#embed "../../web/drawing.js"
};

static const unsigned char echoes_js[] = {
#embed "../../web/echoes.js"
};

static const unsigned char endpoints_js[] = {
#embed "../../web/endpoints.js"
};

static const unsigned char exchanges_js[] = {
#embed "../../web/exchanges.js"
};

static const unsigned char failures_js[] = {
#embed "../../web/failures.js"
};

static const unsigned char filters_js[] = {
#embed "../../web/filters.js"
};

static const unsigned char flow_js[] = {
#embed "../../web/flow.js"
};

static const unsigned char flowcolumns_js[] = {
#embed "../../web/flowcolumns.js"
};

static const unsigned char flows_js[] = {
#embed "../../web/flows.js"
};

static const unsigned char foot_js[] = {
#embed "../../web/foot.js"
};

static const unsigned char format_js[] = {
#embed "../../web/format.js"
};

static const unsigned char hops_js[] = {
#embed "../../web/hops.js"
};

static const unsigned char layout_js[] = {
#embed "../../web/layout.js"
};

static const unsigned char losses_js[] = {
#embed "../../web/losses.js"
};

static const unsigned char map_js[] = {
#embed "../../web/map.js"
};

static const unsigned char metrics_js[] = {
#embed "../../web/metrics.js"
};

static const unsigned char names_js[] = {
#embed "../../web/names.js"
};

static const unsigned char meanwhile_js[] = {
#embed "../../web/meanwhile.js"
};

static const unsigned char nothing_js[] = {
#embed "../../web/nothing.js"
};

static const unsigned char nowhere_js[] = {
#embed "../../web/nowhere.js"
};

static const unsigned char network_js[] = {
#embed "../../web/network.js"
};

static const unsigned char percentiles_js[] = {
#embed "../../web/percentiles.js"
};

static const unsigned char points_js[] = {
#embed "../../web/points.js"
};

static const unsigned char record_js[] = {
#embed "../../web/record.js"
};

static const unsigned char calls_js[] = {
#embed "../../web/calls.js"
};

static const unsigned char results_js[] = {
#embed "../../web/results.js"
};

static const unsigned char service_js[] = {
#embed "../../web/service.js"
};

static const unsigned char services_js[] = {
#embed "../../web/services.js"
};

static const unsigned char state_js[] = {
#embed "../../web/state.js"
};

static const unsigned char statements_js[] = {
#embed "../../web/statements.js"
};

static const unsigned char table_js[] = {
#embed "../../web/table.js"
};

static const unsigned char time_js[] = {
#embed "../../web/time.js"
};

static const unsigned char watched_js[] = {
#embed "../../web/watched.js"
};

static const unsigned char traffic_js[] = {
#embed "../../web/traffic.js"
};

static const unsigned char echarts_js[] = {
#embed "../../.bootstrap/web/echarts.min.js"
};

#define ASSET(path, type, bytes) {path, type, bytes, sizeof(bytes)}

static const struct mf_web_asset assets[] = {
    ASSET("/", "text/html; charset=utf-8", index_html),
    ASSET("/app.css", "text/css; charset=utf-8", app_css),
    ASSET("/icon.svg", "image/svg+xml", icon_svg),
    ASSET("/address.js", "text/javascript; charset=utf-8", address_js),
    ASSET("/agents.js", "text/javascript; charset=utf-8", agents_js),
    ASSET("/api.js", "text/javascript; charset=utf-8", api_js),
    ASSET("/app.js", "text/javascript; charset=utf-8", app_js),
    ASSET("/call.js", "text/javascript; charset=utf-8", call_js),
    ASSET("/charts.js", "text/javascript; charset=utf-8", charts_js),
    ASSET("/columns.js", "text/javascript; charset=utf-8", columns_js),
    ASSET("/connections.js", "text/javascript; charset=utf-8", connections_js),
    ASSET("/console.js", "text/javascript; charset=utf-8", console_js),
    ASSET("/controls.js", "text/javascript; charset=utf-8", controls_js),
    ASSET("/coverage.js", "text/javascript; charset=utf-8", coverage_js),
    ASSET("/dom.js", "text/javascript; charset=utf-8", dom_js),
    ASSET("/drawer.js", "text/javascript; charset=utf-8", drawer_js),
    ASSET("/drawing.js", "text/javascript; charset=utf-8", drawing_js),
    ASSET("/echoes.js", "text/javascript; charset=utf-8", echoes_js),
    ASSET("/endpoints.js", "text/javascript; charset=utf-8", endpoints_js),
    ASSET("/exchanges.js", "text/javascript; charset=utf-8", exchanges_js),
    ASSET("/failures.js", "text/javascript; charset=utf-8", failures_js),
    ASSET("/filters.js", "text/javascript; charset=utf-8", filters_js),
    ASSET("/flow.js", "text/javascript; charset=utf-8", flow_js),
    ASSET("/flowcolumns.js", "text/javascript; charset=utf-8", flowcolumns_js),
    ASSET("/flows.js", "text/javascript; charset=utf-8", flows_js),
    ASSET("/foot.js", "text/javascript; charset=utf-8", foot_js),
    ASSET("/format.js", "text/javascript; charset=utf-8", format_js),
    ASSET("/hops.js", "text/javascript; charset=utf-8", hops_js),
    ASSET("/layout.js", "text/javascript; charset=utf-8", layout_js),
    ASSET("/losses.js", "text/javascript; charset=utf-8", losses_js),
    ASSET("/map.js", "text/javascript; charset=utf-8", map_js),
    ASSET("/metrics.js", "text/javascript; charset=utf-8", metrics_js),
    ASSET("/names.js", "text/javascript; charset=utf-8", names_js),
    ASSET("/meanwhile.js", "text/javascript; charset=utf-8", meanwhile_js),
    ASSET("/nothing.js", "text/javascript; charset=utf-8", nothing_js),
    ASSET("/nowhere.js", "text/javascript; charset=utf-8", nowhere_js),
    ASSET("/network.js", "text/javascript; charset=utf-8", network_js),
    ASSET("/percentiles.js", "text/javascript; charset=utf-8", percentiles_js),
    ASSET("/points.js", "text/javascript; charset=utf-8", points_js),
    ASSET("/record.js", "text/javascript; charset=utf-8", record_js),
    ASSET("/calls.js", "text/javascript; charset=utf-8", calls_js),
    ASSET("/results.js", "text/javascript; charset=utf-8", results_js),
    ASSET("/service.js", "text/javascript; charset=utf-8", service_js),
    ASSET("/services.js", "text/javascript; charset=utf-8", services_js),
    ASSET("/state.js", "text/javascript; charset=utf-8", state_js),
    ASSET("/statements.js", "text/javascript; charset=utf-8", statements_js),
    ASSET("/table.js", "text/javascript; charset=utf-8", table_js),
    ASSET("/time.js", "text/javascript; charset=utf-8", time_js),
    ASSET("/watched.js", "text/javascript; charset=utf-8", watched_js),
    ASSET("/traffic.js", "text/javascript; charset=utf-8", traffic_js),
    ASSET("/echarts.min.js", "text/javascript; charset=utf-8", echarts_js),
};

const struct mf_web_asset *mf_web_assets(size_t *count) {
    *count = sizeof(assets) / sizeof(assets[0]);
    return assets;
}
