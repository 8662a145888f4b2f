// SPDX-License-Identifier: Apache-2.0

import { traceOf } from '../asking/traces.js';
import { navigate } from '../frame/address.js';
import { timeWindow } from '../frame/time.js';
import { make } from '../parts/dom.js';
import { waterfall } from '../parts/waterfall.js';

/** The whole path of one request: by the number of a call, a trace id or an X-Request-ID. */
export const trace = { path: 'trace', title: 'Trace', load, mount, isStill: true };

async function load(parameters) {
  const id = parameters.get('id');
  if (!id) return { id: '' };
  const { from, to } = timeWindow();
  return { id, found: await traceOf(id, { from, to }) };
}

function mount(page, { parameters }) {
  const field = make('input.id.mono', { type: 'search', 'data-first': true, value: parameters.get('id') ?? '',
    'aria-label': 'Number of a call, trace id or X-Request-ID',
    placeholder: 'Number of a call, trace id or X-Request-ID ( / )' });
  const form = make('form.bar', { onsubmit: (event) => {
    event.preventDefault();
    navigate({ id: field.value.trim() });
  } }, field, make('button', {}, 'Show'),
  make('span.hint', {}, 'Ids are looked for in the range above; a call is found by its number.'));
  const panel = make('div.panel.inset', {}, make('div.empty.loading', {}, 'Loading…'));
  page.replaceChildren(form, panel);
  return ({ id, found } = {}) => {
    if (id === undefined) return;
    if (found) panel.replaceChildren(waterfall(found, { current: id }));
    else {
      panel.replaceChildren(make('div.empty', {}, id
        ? `No call of this time range has the number, trace id or X-Request-ID ${id}. Choose a longer `
          + 'range.'
        : 'Open a call, and go from it to its trace; or type in what names one.'));
    }
  };
}
