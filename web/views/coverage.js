// SPDX-License-Identifier: Apache-2.0

import { coverage as ask } from '../asking/api.js';
import { change, go, link } from '../frame/address.js';
import { keepOrder, lateChoice, orderOf } from '../parts/controls.js';
import { make } from '../parts/dom.js';
import { count } from '../parts/format.js';
import { dataTable } from '../parts/table.js';

export const coverage = { path: 'coverage', title: 'Coverage', load, mount };

function load() {
  return ask();
}

/** How a state reads; others as they are. */
const words = { seen: 'seen', unknown_protocol: 'unknown protocol', tls_not_read: 'TLS, not read',
  tls_library_refused: 'TLS library refused', tls_library_unreadable: 'TLS library unreadable',
  io_uring: 'io_uring', hook_absent: 'no such hook', hook_refused: 'hook refused',
  protocol_suspended: 'protocol suspended', not_looked_for: 'not looked for',
  switched_off: 'switched off', shedding_load: 'sheds load', locked_down: 'locked down',
  without_probes: 'no probes', ignored: 'left out' };
const named = (state) => words[state] ?? state.replaceAll('_', ' ');

/** What is so by choice is no trouble. */
const tone = (state) => state === 'seen' ? 'good'
  : ['ignored', 'switched_off', 'not_looked_for'].includes(state) ? 'quiet' : 'warn';

const columns = [
  { id: 'host', title: 'Host', value: (row) => row.host },
  { id: 'process', title: 'Process', value: (row) => row.process,
    show: (row) => row.process ? make('strong', {}, row.process)
      : make('span.quiet', {}, 'the whole host') },
  { id: 'pid', title: 'Pid', number: true, value: (row) => row.process_id || null,
    show: (row) => row.process_id ? String(row.process_id) : '–' },
  { id: 'state', title: 'State', value: (row) => row.state,
    show: (row) => make(`span.badge.${tone(row.state)}`, { title: row.reason }, named(row.state)) },
  { id: 'protocol', title: 'Protocol', value: (row) => row.protocol,
    show: (row) => row.protocol ? make('span.badge', {}, row.protocol) : '' },
  { id: 'port', title: 'Port', number: true, value: (row) => row.port || null,
    show: (row) => row.port ? String(row.port) : '–' },
  { id: 'connections', title: 'Connections', number: true, value: (row) => row.connections,
    about: 'Since the agent started, or the process did',
    show: (row) => row.connections ? count(row.connections) : '–' },
  { id: 'subject', title: 'About', value: (row) => row.subject,
    about: 'A library, a hook, or how what nobody knows began: a is a letter, 0 a digit',
    show: (row) => make('span.mono', { title: row.subject }, row.subject) },
  { id: 'remedy', title: 'What would help', value: (row) => row.remedy,
    show: (row) => make('span.quiet', { title: `${row.reason} ${row.remedy}` }, row.remedy) },
];

function mount(page, { parameters }) {
  const list = dataTable(columns, {
    label: 'Coverage', order: orderOf(parameters, ''), sorted: keepOrder,
    key: (row) => [row.agent, row.process_id, row.process, row.state, row.protocol, row.port,
      row.subject].join('\n'),
    open: (row) => {
      if (row.process) location.hash = link('services', { filter: row.process });
    },
  });
  const search = make('input', {
    type: 'search', placeholder: 'Filter by host, process, port ( / )', 'data-first': true,
    'aria-label': 'Filter', value: parameters.get('filter'), oninput: () => {
      change({ filter: search.value });
      update(shown);
    },
  });
  const states = lateChoice('State', (value) => {
    chosen = value;
    go({ state: value });
    update(shown);
  });
  const hint = make('span.hint', { role: 'status' });
  page.replaceChildren(make('div.bar', {}, search, states.element, hint),
    make('div.panel', {}, list.element));
  let shown = null;
  let chosen = parameters.get('state') ?? '';

  function update(data) {
    shown = data;
    if (!data) return;
    const known = [...new Set([...data.rows.map((row) => row.state), chosen])]
      .filter((state) => state && state !== 'gaps').sort();
    states.update([['', 'Everything'], ['gaps', 'Only what is not seen'],
      ...known.map((state) => [state, named(state)])], chosen);
    const needle = search.value.trim().toLowerCase();
    const matching = data.rows.filter((row) => (!chosen || row.state === chosen
      || chosen === 'gaps' && row.state !== 'seen')
      && `${row.host} ${row.process} ${row.port} ${row.protocol} ${row.subject}`.toLowerCase()
        .includes(needle));
    const gaps = data.rows.filter((row) => row.state !== 'seen').length;
    hint.textContent = [data.rows.length
      ? `${count(gaps)} not seen, ${count(data.rows.length - gaps)} seen; agents tell twice a minute`
      : '', data.left_out ? `${count(data.left_out)} connections found no room` : '']
      .filter(Boolean).join('. ');
    list.update(matching, data.rows.length ? 'Nothing matches the filter.'
      : 'No agent has told yet: each does so a few seconds after it has connected.');
  }
  return update;
}
