// SPDX-License-Identifier: Apache-2.0

import { callsMeanwhile, QueryFailure } from '../asking/api.js';
import { said, statusBadge } from '../parts/columns.js';
import { make } from '../parts/dom.js';
import { openDrawer } from '../frame/drawer.js';
import { count, duration } from '../parts/format.js';
import { dataTable } from '../parts/table.js';

/** Why a call is thought to belong. */
const reasons = {
  chain: ['chain', 'The thread that read the request made it, with nothing read between'],
  thread: ['thread', 'The thread that served the call made it in that time'],
  process: ['process', 'The process that served the call made it in that time, on another '
    + 'thread or for another call'],
};

/**
 * What the server of a call called while it served it: where to look for the cause of an error.
 * @param {string} id of any record of the call
 * @returns {Promise<Node[]>}
 */
export async function meanwhile(id) {
  let found;
  try {
    found = await callsMeanwhile(id);
  } catch (failure) {
    if (!(failure instanceof QueryFailure)) throw failure;
    return [make('h2', {}, 'Calls made meanwhile'), make('p.bad', {}, failure.message)];
  }
  if (!found) {
    return [make('h2', {}, 'Calls made meanwhile'), make('p.quiet', {},
      'The server’s process was not watched, so what it called meanwhile is not known.')];
  }
  const heading = make('h2', {}, `What ${found.service} called meanwhile`);
  if (!found.rows.length) {
    return [heading, make('p.quiet', {}, 'No call of it was seen while it served this one.')];
  }
  const errors = found.rows.filter((row) => row.status !== 'Success').length;
  const number = found.isCut ? `more than ${found.rows.length}` : count(found.rows.length);
  const list = dataTable(columns(found.start), { label: 'Calls made meanwhile',
    key: (row) => row.id, open: (row) => openDrawer('call', row.id, String(row.time)) });
  list.update(found.rows);
  return [heading, make('p', {},
    errors ? make('strong.bad', {}, `${errors} of ${number} failed. `) : `${number}, none failed. `,
    make('span.quiet', {}, 'That they were made for this call is a guess: by the same process, '
      + 'while it served.')), list.element];
}

function columns(start) {
  return [
    { id: 'after', title: 'After', number: true, value: (row) => Number(row.start_time),
      about: 'Since this call reached the server',
      show: (row) => `+ ${duration(Math.max(0, row.start_time - start))}` },
    { id: 'server', title: 'Server', value: (row) => row.server,
      show: (row) => make('strong', {}, row.server) },
    { id: 'what', title: 'What', value: (row) => row.request_resource || row.request_domain,
      show: (row) => make('div.wrap.mono', {}, said(row),
        row.response_exception ? make('div.bad', {}, row.response_exception) : null) },
    { id: 'status', title: 'Status', value: (row) => row.status, show: statusBadge },
    { id: 'duration', title: 'Took', number: true, value: (row) => Number(row.response_duration),
      show: (row) => duration(Number(row.response_duration)) },
    { id: 'evidence', title: 'Same', value: (row) => row.evidence,
      show: (row) => make('span', { title: reasons[row.evidence]?.[1] },
        reasons[row.evidence]?.[0] ?? row.evidence) },
  ];
}
