// SPDX-License-Identifier: Apache-2.0

import { address, go } from './address.js';
import { make } from '../parts/dom.js';

/** Auto refresh intervals, in seconds; 0 is off. */
export const refreshes = [[0, 'off'], [1, '1 s'], [2, '2 s'], [5, '5 s'], [15, '15 s'],
  [60, '1 min']];

const kept = read();

/** What the user chose; kept across visits. The address overrules it where it says otherwise. */
export const state = {
  last: Number(kept.last) || 300,
  refresh: kept.refresh ?? 2,
  theme: kept.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'),
  history: Array.isArray(kept.history) ? kept.history : [],
  /** The columns shown of each table whose columns can be chosen. */
  columns: kept.columns && !Array.isArray(kept.columns) ? kept.columns : {},
};

/** Storage may be switched off, or hold what another version wrote. */
function read() {
  try {
    return JSON.parse(localStorage.getItem('metaflow')) ?? {};
  } catch {
    return {};
  }
}

export function keep() {
  try {
    localStorage.setItem('metaflow', JSON.stringify(state));
  } catch {
    // The choice holds until the page is closed.
  }
}

/** MetaFlow's own programs: what they do is left out unless asked for. */
const ownParts = ['metaflow', 'metaflow-server', 'metaflow-agent', 'metaflow-engine'];

export function isOwn(service) {
  return ownParts.includes(service);
}

export function showsOwn() {
  return address().parameters.get('own') === '1';
}

/** The checkbox that brings the observer's own calls in. */
export function ownToggle(reload) {
  return make('label.control', { title: 'Calls between the server and its store' }, make('input', {
    type: 'checkbox', checked: showsOwn(), onchange: (event) => {
      go({ own: event.target.checked ? '1' : null });
      reload();
    },
  }), 'MetaFlow’s own');
}
