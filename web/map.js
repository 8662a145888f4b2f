// SPDX-License-Identifier: Apache-2.0

import { query } from './api.js';
import { chart, colour } from './charts.js';
import { make } from './dom.js';
import { count, duration, percent, rate } from './format.js';
import { during, timeWindow } from './state.js';

export const map = { title: 'Map', load, show };

let drawn = null;

async function load() {
  const span = timeWindow();
  const rows = await query(`SELECT auto_service_0 AS client, auto_service_1 AS server,
    Enum(l7_protocol) AS protocol, observation_point, Sum(request) AS requests,
    Sum(response) AS responses, Sum(error) AS errors, Avg(rrt) AS mean
    FROM application_map.${span.interval} WHERE ${during(span)}
    GROUP BY auto_service_0, auto_service_1, l7_protocol, observation_point
    ORDER BY requests DESC LIMIT 2000`, 'flow_metrics');
  return { span, edges: folded(rows) };
}

/** One edge a client, server and protocol: as the client saw it, else as the server did. */
function folded(rows) {
  const edges = new Map();
  for (const row of rows) {
    const key = `${row.client}\n${row.server}\n${row.protocol}`;
    const known = edges.get(key);
    if (!known || (known.observation_point !== 'c-p' && row.observation_point === 'c-p')) {
      edges.set(key, row);
    }
  }
  return [...edges.values()];
}

function show(page, { span, edges }, { openDrawer }) {
  if (!edges.length) {
    page.replaceChildren(make('div.panel', {}, make('div.empty', {},
      'No calls in this time range yet, so there is nothing to draw.')));
    drawn = null;
    return;
  }
  let holder = document.getElementById('map');
  if (!holder) {
    holder = make('div', { id: 'map' });
    page.replaceChildren(make('div.panel', {}, make('h2', {},
      'Who calls whom: requests per second, errors and mean latency, as the client saw them'),
    holder));
    drawn = null;
  }
  const option = graph(span, edges, holder);
  if (drawn) drawn.setOption(option);
  else {
    drawn = chart(holder, option);
    addEventListener('resize', () => drawn && !drawn.isDisposed() && drawn.resize());
  }
  drawn.off('click');
  drawn.on('click', ({ dataType, data }) => {
    if (dataType === 'edge') openDrawer((body) => edgeDetail(body, span, data.calls));
    else openDrawer((body) => nodeDetail(body, span, data.name, edges));
  });
}

/**
 * Columns by distance from the callers, so that calls read from left to right. Spread over the
 * size of the drawing, because the chart stretches what has another shape.
 */
function layered(edges, width, height) {
  const depth = new Map();
  for (const { client, server } of edges) {
    depth.set(client, 0);
    depth.set(server, 0);
  }
  for (let round = 0; round < Math.min(depth.size, 12); round += 1) {
    let moved = false;
    for (const { client, server } of edges) {
      if (client !== server && depth.get(server) <= depth.get(client) && depth.get(client) < 8) {
        depth.set(server, depth.get(client) + 1);
        moved = true;
      }
    }
    if (!moved) break;
  }
  const columns = new Map();
  for (const [name, at] of depth) columns.set(at, [...(columns.get(at) ?? []), name]);
  const places = new Map();
  const last = Math.max(...columns.keys(), 1);
  for (const [at, names] of columns) {
    names.sort().forEach((name, row) =>
      places.set(name, [at / last * width, (row + 0.5) / names.length * height]));
  }
  return places;
}

function graph(span, edges, holder) {
  const [width, height] = [holder.clientWidth - 180, holder.clientHeight - 80];
  const places = layered(edges, width, height);
  const served = new Map();
  for (const edge of edges) {
    const total = served.get(edge.server) ?? { requests: 0, responses: 0, errors: 0 };
    total.requests += Number(edge.requests);
    total.responses += Number(edge.responses);
    total.errors += Number(edge.errors);
    served.set(edge.server, total);
  }
  const pairs = new Map();
  for (const edge of edges) {
    const key = `${edge.client}\n${edge.server}`;
    pairs.set(key, [...(pairs.get(key) ?? []), edge]);
  }
  return {
    tooltip: { confine: true },
    series: [{
      type: 'graph', layout: 'none', roam: true, edgeSymbol: ['none', 'arrow'], edgeSymbolSize: 9,
      left: 90, top: 40, width, height,
      label: { show: true, position: 'bottom', color: colour('text'), fontSize: 12 },
      data: [...places].map(([name, [x, y]]) => node(name, x, y, served.get(name), span)),
      links: [...pairs.values()].map((calls) => link(calls, span)),
    }],
  };
}

function node(name, x, y, total, span) {
  const ratio = total?.responses ? total.errors / total.responses * 100 : 0;
  const perSecond = (total?.requests ?? 0) / span.seconds;
  return {
    name, x, y, symbolSize: 26 + Math.min(26, Math.log10(1 + perSecond) * 9),
    itemStyle: { color: colour(total ? ratio >= 5 ? 'bad' : ratio > 0 ? 'warn' : 'good' : 'quiet') },
    tooltip: { formatter: () => escaped(total
      ? `${name}: ${rate(perSecond)}, ${percent(ratio)} errors` : `${name}: calls others only`) },
  };
}

function link(calls, span) {
  const requests = calls.reduce((sum, call) => sum + Number(call.requests), 0);
  const responses = calls.reduce((sum, call) => sum + Number(call.responses), 0);
  const errors = calls.reduce((sum, call) => sum + Number(call.errors), 0);
  const weighted = calls.reduce((sum, call) => sum + (call.mean ?? 0) * Number(call.responses), 0);
  const ratio = responses ? errors / responses * 100 : 0;
  const text = `${calls.map((call) => call.protocol).join(', ')} ${rate(requests / span.seconds)}`
    + ` · ${percent(ratio)} errors · ${duration(responses ? weighted / responses : null)}`;
  return {
    source: calls[0].client, target: calls[0].server, calls,
    lineStyle: {
      width: 1.5 + Math.min(4, Math.log10(1 + requests / span.seconds)), curveness: 0.12,
      color: colour(ratio >= 5 ? 'bad' : ratio > 0 ? 'warn' : 'quiet'), opacity: 0.85,
    },
    label: {
      show: true, formatter: text, fontSize: 11, color: colour('quiet'), position: 'middle',
      textBorderColor: colour('sheet'), textBorderWidth: 3,
    },
    tooltip: { formatter: () =>
      escaped(`${calls[0].client} → ${calls[0].server}: ${text}`) },
  };
}

function escaped(text) {
  const holder = document.createElement('span');
  holder.textContent = text;
  return holder.innerHTML;
}

function edgeDetail(body, span, calls) {
  body.append(make('h1', {}, `${calls[0].client} → ${calls[0].server}`));
  for (const call of calls) {
    body.append(make('h3', {}, call.protocol), fields([
      ['Requests', `${count(Number(call.requests))} (${rate(call.requests / span.seconds)})`],
      ['Errors', percent(call.responses ? call.errors / call.responses * 100 : 0)],
      ['Mean latency', duration(call.mean)],
      ['Seen at', call.observation_point],
    ]));
  }
  body.append(make('p', {}, make('a',
    { href: `#/requests?service=${encodeURIComponent(calls[0].server)}` },
    'Open its calls in the request log')));
}

function nodeDetail(body, span, name, edges) {
  body.append(make('h1', {}, name));
  const group = (title, list, other) => {
    if (!list.length) return;
    body.append(make('h3', {}, title), fields(list.map((edge) => [
      `${other(edge)} (${edge.protocol})`,
      `${rate(edge.requests / span.seconds)}, ` +
      `${percent(edge.responses ? edge.errors / edge.responses * 100 : 0)} errors, ` +
      duration(edge.mean),
    ])));
  };
  group('Called by', edges.filter((edge) => edge.server === name), (edge) => edge.client);
  group('Calls', edges.filter((edge) => edge.client === name), (edge) => edge.server);
}

function fields(pairs) {
  return make('dl.fields', {}, ...pairs.flatMap(([key, value]) =>
    [make('dt', {}, key), make('dd', {}, value)]));
}
