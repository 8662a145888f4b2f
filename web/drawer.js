// SPDX-License-Identifier: Apache-2.0

import { QueryFailure } from './api.js';
import { address, change } from './address.js';
import { make } from './dom.js';

const kinds = {};
let place = null;
let refresh = null;
let opener = null;
let turn = 0;

/**
 * The sheet of details at the right. Which one is open stands in the address.
 * @param {HTMLElement} element where it is shown
 * @param {object} known by name: async (body, ...parameters) draws, and may give a function that
 *   brings what it drew up to date
 */
export function startDrawer(element, known) {
  place = element;
  Object.assign(kinds, known);
}

export function openDrawer(kind, ...parameters) {
  opener ??= document.activeElement;
  change({ open: JSON.stringify([kind, ...parameters]) });
  return syncDrawer();
}

export function closeDrawer() {
  if (place.hidden) return;
  change({ open: null });
  syncDrawer();
  if (opener?.isConnected) opener.focus();
  opener = null;
}

/** Shows what the address says. */
export async function syncDrawer() {
  const mine = ++turn;
  const [kind, ...parameters] = wanted();
  refresh = null;
  place.hidden = !kinds[kind];
  if (place.hidden) return;
  const body = make('div.body');
  const close = make('button.close', { onclick: closeDrawer, title: 'Close (Esc)' }, 'Close');
  place.replaceChildren(close, body);
  place.scrollTop = 0;
  close.focus({ preventScroll: true });
  await guarded(body, async () => {
    const again = await kinds[kind](body, ...parameters);
    if (mine === turn) refresh = again ?? null;
  });
}

/** Brings the open sheet up to date. */
export async function refreshDrawer() {
  if (refresh) await guarded(place.querySelector('.body'), refresh);
}

async function guarded(body, work) {
  try {
    await work();
  } catch (failure) {
    if (!(failure instanceof QueryFailure)) throw failure;
    body.querySelector('.failure')?.remove();
    body.append(make('pre.failure.bad.mono', { role: 'alert' }, failure.message));
  }
}

function wanted() {
  try {
    const parts = JSON.parse(address().parameters.get('open'));
    return Array.isArray(parts) ? parts.map(String) : [];
  } catch {
    return [];
  }
}
