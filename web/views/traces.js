// SPDX-License-Identifier: Apache-2.0

import { query } from '../asking/api.js';
import { callFilter, microseconds, statuses } from '../asking/filters.js';
import { traceList, traceMap } from '../asking/traces.js';
import { link, navigate } from '../frame/address.js';
import { openDrawer } from '../frame/drawer.js';
import { ownToggle } from '../frame/state.js';
import { timeWindow } from '../frame/time.js';
import { said } from '../parts/columns.js';
import { chips, filterFields, keepOrder, orderOf } from '../parts/controls.js';
import { choice, make } from '../parts/dom.js';
import { count, duration, percent, stamp } from '../parts/format.js';
import { dataTable } from '../parts/table.js';

/** The search over traces: by any call in them. */
export const traces = { path: 'traces', title: 'Traces', load, mount };

const limit = 50;
/** Traces that are put into one. */
const mapLimit = 200;

/** Filters that links set, and that have no field to type in. */
const withoutField = ['client', 'server', 'endpoint', 'port', 'attribute', 'tag'];

/** What the server sorts by, by the column that shows it. */
const orders = { begin: 'time', length: 'duration' };

let protocols = null;

async function load(parameters) {
  const { from, to } = timeWindow();
  const { id } = orderOf(parameters, 'begin-');
  const longer = parameters.get('longer')?.trim();
  const isMap = parameters.get('as') === 'map';
  const ask = isMap ? traceMap : traceList;
  const [found, names] = await Promise.all([
    ask({ from, to, ...callFilter(parameters), tag: parameters.get('tag'),
      longer: longer && microseconds(longer), sort: orders[id] ?? 'time',
      limit: isMap ? mapLimit : limit }),
    protocols ?? query('SHOW tag l7_protocol values FROM l7_flow_log', 'flow_log'),
  ]);
  protocols = names;
  return found;
}

const columns = [
  { id: 'begin', title: 'Began', sort: 'begin', value: (row) => row.start_time,
    show: (row) => stamp(row.start_time) },
  { id: 'root', title: 'First call', value: (row) => said(row.root),
    show: (row) => make('a.what', { href: link('trace', { id: row.trace_id }) },
      make('strong', {}, `${row.root.client} → ${row.root.server} `),
      make('span.badge', {}, row.root.protocol), ' ', make('span.mono', {}, said(row.root))) },
  { id: 'length', title: 'Took', number: true, sort: 'length', value: (row) => row.duration,
    show: (row) => duration(row.duration) },
  { id: 'calls', title: 'Calls', number: true, value: (row) => row.calls,
    show: (row) => count(row.calls) },
  { id: 'failed', title: 'Failed', number: true, value: (row) => row.failed,
    show: (row) => row.failed ? make('span.bad', {}, count(row.failed)) : '' },
  { id: 'match', title: 'Found by', about: 'The calls in it that the filter asks for',
    value: (row) => row.matched,
    show: (row) => make('span.mono', { title: row.matches.map((call) =>
      `${call.client} → ${call.server} ${call.protocol} ${said(call)}`).join('\n') },
    row.matches[0] ? `${said(row.matches[0])}${
      row.matched > 1 ? ` and ${row.matched - 1} more` : ''}` : '') },
  { id: 'services', title: 'Services', value: (row) => row.services.length,
    show: (row) => row.services.map(({ name }) => name).join(', ') },
];

const stepOf = (step) => step && make('span', {}, make('strong', {}, `${step.service} `),
  make('span.badge', {}, step.protocol), ' ', make('span.mono', {}, step.name));
const figure = (id, title, show, about) => ({ id, title, number: true, about,
  value: (row) => row[id], show: (row) => show(row[id]) });

/** What causes what, those first that the traces waited for longest. */
const edgeColumns = [
  { id: 'to', title: 'Call', value: (row) => `${row.to.service} ${row.to.name}`,
    show: (row) => stepOf(row.to) },
  { id: 'from', title: 'Caused by', value: (row) => row.from ? `${row.from.service} ${row.from.name}` : '',
    show: (row) => stepOf(row.from) ?? '–' },
  figure('in_traces', 'Traces', count, 'Traces that have such a call'),
  figure('calls', 'Calls', count),
  { ...figure('failed', 'Failed', count), show: (row) => row.failed
    ? make('span.bad', {}, count(row.failed)) : '' },
  figure('mean', 'Mean', duration), figure('longest', 'Longest', duration),
  figure('share', 'Of the path', percent, 'Share of what the ends of the traces waited for'),
  figure('confidence', 'Sure', (value) => value === null ? '' : percent(value * 100)),
];

function mount(page, { parameters, reload }) {
  const { entry, chosen } = filterFields(parameters, reload);
  const protocol = make('span');
  const hint = make('span.hint', { role: 'status' });
  const notes = make('div');
  const isMap = parameters.get('as') === 'map';
  const list = isMap ? dataTable(edgeColumns, {
    label: 'What causes what', key: ({ from, to }) => JSON.stringify([from, to]),
    order: { id: 'share', descending: true },
  }) : dataTable(columns, {
    label: 'Traces', key: (row) => row.trace_id, order: orderOf(parameters, 'begin-'), isSorted: true,
    sorted: (to) => {
      keepOrder({ ...to, descending: true });
      reload();
    },
  });
  page.replaceChildren(
    make('div.bar', {}, entry('resource', 'Resource contains… ( / )', { 'data-first': true }),
      entry('service', 'Service is…', { class: 'short' }), protocol,
      chosen('status', 'Status', statuses),
      entry('slower', 'Call slower than ms', { class: 'tiny', title: '250, 250us, 1.5 s' }),
      entry('longer', 'Trace longer than ms', { class: 'tiny', title: '250, 250us, 1.5 s' }),
      choice('As', [['', 'Traces'], ['map', 'Map']], parameters.get('as') ?? '',
        (as) => navigate({ as, sort: null })),
      ownToggle(reload), hint),
    chips(parameters, withoutField), make('div.panel.log', {}, list.element), notes);
  return (data) => {
    if (!data) return;
    if (!protocol.firstChild) {
      protocol.append(chosen('protocol', 'Protocol', [['', 'Any protocol'],
        ...protocols.map((row) => [row.display_name, row.display_name])]));
    }
    const { traces: rows, isCut, lost } = data;
    const all = isMap ? data.count : rows.length;
    hint.replaceChildren(`${isCut ? 'the first ' : ''}${all} trace${
      all === 1 ? '' : 's'}`, lost ? make('button.warn', {
      onclick: () => openDrawer('losses') }, `${count(lost)} records lost in the range`) : '');
    notes.replaceChildren(...data.notes.map((note) => make('p.quiet', {}, note)));
    list.update(isMap ? data.edges : rows, 'No trace of this time range has a call that matches. Loosen a filter, choose a '
      + 'longer range, or make a call.');
  };
}
