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

static const unsigned char api_js[] = {
#embed "../../web/api.js"
};

static const unsigned char app_js[] = {
#embed "../../web/app.js"
};

static const unsigned char charts_js[] = {
#embed "../../web/charts.js"
};

static const unsigned char console_js[] = {
#embed "../../web/console.js"
};

static const unsigned char dom_js[] = {
#embed "../../web/dom.js"
};

static const unsigned char format_js[] = {
#embed "../../web/format.js"
};

static const unsigned char map_js[] = {
#embed "../../web/map.js"
};

static const unsigned char requests_js[] = {
#embed "../../web/requests.js"
};

static const unsigned char services_js[] = {
#embed "../../web/services.js"
};

static const unsigned char state_js[] = {
#embed "../../web/state.js"
};

static const unsigned char echarts_js[] = {
#embed "../../.bootstrap/web/echarts.min.js"
};

#define ASSET(path, type, bytes) {path, type, bytes, sizeof(bytes)}

static const struct mf_web_asset assets[] = {
    ASSET("/", "text/html; charset=utf-8", index_html),
    ASSET("/app.css", "text/css; charset=utf-8", app_css),
    ASSET("/icon.svg", "image/svg+xml", icon_svg),
    ASSET("/api.js", "text/javascript; charset=utf-8", api_js),
    ASSET("/app.js", "text/javascript; charset=utf-8", app_js),
    ASSET("/charts.js", "text/javascript; charset=utf-8", charts_js),
    ASSET("/console.js", "text/javascript; charset=utf-8", console_js),
    ASSET("/dom.js", "text/javascript; charset=utf-8", dom_js),
    ASSET("/format.js", "text/javascript; charset=utf-8", format_js),
    ASSET("/map.js", "text/javascript; charset=utf-8", map_js),
    ASSET("/requests.js", "text/javascript; charset=utf-8", requests_js),
    ASSET("/services.js", "text/javascript; charset=utf-8", services_js),
    ASSET("/state.js", "text/javascript; charset=utf-8", state_js),
    ASSET("/echarts.min.js", "text/javascript; charset=utf-8", echarts_js),
};

const struct mf_web_asset *mf_web_assets(size_t *count) {
    *count = sizeof(assets) / sizeof(assets[0]);
    return assets;
}
