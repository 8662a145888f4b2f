// SPDX-License-Identifier: Apache-2.0

import { choice, make } from '../parts/dom.js';
import { change, go } from '../frame/address.js';
import { watchedWindow } from '../asking/coverage.js';
import { drawing, isNamed } from '../parts/drawing.js';
import { figures } from '../asking/metrics.js';
import { nothing } from '../parts/nothing.js';
import { isOwn, ownToggle, showsOwn } from '../frame/state.js';
import { edgeKey, layout } from '../parts/layout.js';

/** Connections that are drawn at once: those with errors, and the busiest. */
const most = 500;

export const map = { path: 'map', title: 'Map', load, mount };

async function load() {
  const span = await watchedWindow();
  const rows = await figures(span, 'application_map', [['client', 'auto_service_0', 'key'],
    ['server', 'auto_service_1', 'key'], ['client_kind', 'Enum(auto_service_type_0)', 'key'],
    ['server_kind', 'Enum(auto_service_type_1)', 'key'], ['protocol', 'Enum(l7_protocol)', 'key'],
    ['observation_point', 'observation_point', 'key'], ['requests', 'Sum(request)', 'sum'],
    ['responses', 'Sum(response)', 'sum'], ['errors', 'Sum(error)', 'sum'],
    ['mean', 'Avg(rrt)', 'responses']],
  'auto_service_0, auto_service_1, auto_service_type_0, auto_service_type_1, l7_protocol, '
    + 'observation_point', { order: 'requests DESC', limit: 5000, echoes: false,
    speaker: { end: 'client', weight: 'requests', of: ['client', 'server', 'protocol'] } });
  return { span, calls: onceEach(rows) };
}

/** One line a client, server and protocol; an end that was known by two kinds has the busier one. */
function onceEach(rows) {
  const lines = Map.groupBy(rows, (row) => `${row.client}\n${row.server}\n${row.protocol}`);
  return [...lines.values()].map((line) => line[0]);
}

/** Callers that nothing is known of stand as one where there are many. */
function gathered(calls, most = 8) {
  const servers = new Set(calls.map((call) => call.server));
  const strangers = new Set(calls.filter((call) => !isNamed(call.client_kind)
    && !servers.has(call.client)).map((call) => call.client));
  if (strangers.size <= most) return calls;
  const name = `${strangers.size} addresses`;
  const sums = new Map();
  for (const call of calls) {
    const client = strangers.has(call.client) ? name : call.client;
    const key = `${client}\n${call.server}\n${call.protocol}`;
    const sum = sums.get(key);
    if (!sum) sums.set(key, { ...call, client });
    else {
      const answered = Number(sum.responses) + Number(call.responses);
      sum.mean = answered ? ((sum.mean ?? 0) * sum.responses + (call.mean ?? 0) * call.responses)
        / answered : null;
      for (const column of ['requests', 'responses', 'errors']) {
        sum[column] = Number(sum[column]) + Number(call[column]);
      }
    }
  }
  return [...sums.values()];
}

function mount(page, { parameters, reload }) {
  let shown = null;
  let places = null;
  let known = '';
  let zoom = Number(parameters.get('zoom')) || 0;
  const search = make('input', {
    type: 'search', placeholder: 'Only what touches… ( / )', 'data-first': true,
    'aria-label': 'Only what touches a service', value: parameters.get('filter'),
    oninput: () => {
      change({ filter: search.value });
      update(shown);
    },
  });
  const sheet = make('div', { id: 'map' });
  const note = make('span.warn');
  const failing = make('input', { type: 'checkbox', checked: parameters.get('errors') === '1',
    onchange: () => {
      go({ errors: failing.checked ? '1' : null });
      update(shown);
    } });
  const sizes = [[0, 'Fit'], [0.5, '50 %'], [0.75, '75 %'], [1, '100 %'], [1.5, '150 %']];
  const size = choice('Size', sizes, zoom, (value) => {
    zoom = Number(value);
    go({ zoom: zoom || null });
    update(shown);
  });
  page.replaceChildren(
    make('div.bar', {}, search, size, make('label.control', {}, failing, 'Only errors'),
      ownToggle(reload), legend()),
    make('div.panel', {}, make('h2', {},
      'Who calls whom: calls per second, errors and mean latency as the client saw them. '
        + 'The wheel zooms. ',
      note), sheet));
  const resized = new ResizeObserver(() => (sheet.isConnected ? !zoom && update(shown)
    : resized.disconnect()));
  resized.observe(sheet);
  movable(sheet, () => zoom || fit(sheet, places), (to) => {
    if (!places) return;
    zoom = to;
    change({ zoom: to.toFixed(2) });
    size.value = String(sizes.find(([value]) => value === to)?.[0] ?? '');
    update(shown);
  });

  function update(data) {
    shown = data;
    if (!data) return;
    const needle = search.value.trim().toLowerCase();
    let calls = gathered(data.calls.filter((call) =>
      (showsOwn() || !(isOwn(call.server) || isOwn(call.client)))
      && (!failing.checked || Number(call.errors))
      && `${call.client}\n${call.server}\n${call.protocol}`.toLowerCase().includes(needle)));
    note.textContent = '';
    if (!calls.length) {
      sheet.replaceChildren(make('div.empty', {}, data.calls.length
        ? 'Nothing matches the filter.'
        : nothing(data.span, 'No call in this time range, so there is nothing to draw: choose a '
          + 'longer one.')));
      return;
    }
    const pairs = Map.groupBy(calls, (call) => edgeKey(call.client, call.server));
    if (pairs.size > most) {
      const kept = mostTelling(pairs);
      calls = calls.filter((call) => kept.has(edgeKey(call.client, call.server)));
      note.textContent = `${kept.size} of ${pairs.size} connections, all with errors and the busiest: `
        + 'filter to see others.';
    }
    // Only new names or connections move things; figures never do.
    const names = calls.map((call) => `${call.client}\n${call.server}`).sort().join('\n');
    if (names !== known) places = layout(calls);
    known = names;
    const focused = document.activeElement?.dataset?.key;
    sheet.replaceChildren(drawing(places, calls, data.span, zoom || fit(sheet, places)));
    if (focused) sheet.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }
  return update;
}

/** What is never cut for being rare: connections with errors. Then the busiest. */
export function mostTelling(pairs) {
  const sum = (calls, column) => calls.reduce((total, call) => total + Number(call[column]), 0);
  const ranked = [...pairs].map(([key, calls]) =>
    ({ key, errors: sum(calls, 'errors'), requests: sum(calls, 'requests') }));
  const failing = ranked.filter(({ errors }) => errors);
  const rest = ranked.filter(({ errors }) => !errors).sort((a, b) => b.requests - a.requests);
  return new Set([...failing, ...rest.slice(0, Math.max(0, most - failing.length))]
    .map(({ key }) => key));
}

/** The zoom at which all of the drawing is seen. */
function fit(sheet, { width, height }) {
  return Math.min(1.25, (sheet.clientWidth - 4) / width, (sheet.clientHeight - 4) / height);
}

/** The wheel zooms around the pointer, and dragging the ground moves it. */
function movable(sheet, zoomNow, zoomTo) {
  sheet.addEventListener('wheel', (event) => {
    event.preventDefault();
    const before = zoomNow();
    const after = Math.max(0.1, Math.min(3, before * Math.exp(-event.deltaY / 600)));
    const box = sheet.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const [left, top] = [(sheet.scrollLeft + x) / before, (sheet.scrollTop + y) / before];
    zoomTo(after);
    sheet.scrollTo(left * after - x, top * after - y);
  }, { passive: false });
  let from = null;
  sheet.addEventListener('pointerdown', (event) => {
    if (event.button || event.target.closest('.node, .label, .edge')) return;
    from = { x: event.clientX + sheet.scrollLeft, y: event.clientY + sheet.scrollTop };
    sheet.setPointerCapture(event.pointerId);
    sheet.classList.add('held');
  });
  sheet.addEventListener('pointermove', (event) => from
    && sheet.scrollTo(from.x - event.clientX, from.y - event.clientY));
  for (const end of ['pointerup', 'pointercancel']) {
    sheet.addEventListener(end, () => {
      from = null;
      sheet.classList.remove('held');
    });
  }
}

function legend() {
  const item = (style, text) => make('span.key', {}, make(`i.${style}`), text);
  return make('span.legend', {}, item('good', 'no errors'), item('warn', 'some errors'),
    item('bad', 'from 5 %'), item('quiet', 'calls only'),
    item('stranger', 'process not known'));
}
