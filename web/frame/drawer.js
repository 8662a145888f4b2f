// SPDX-License-Identifier: Apache-2.0

import { QueryFailure } from '../asking/api.js';
import { address, go } from './address.js';
import { make } from '../parts/dom.js';

const kinds = {};
let place = null;
let refresh = null;
let opener = null;
let turn = 0;

/** Steps of the trail that are kept. */
const longestTrail = 5;

/**
 * The sheet of details at the right. Which one is open stands in the address.
 * @param {HTMLElement} element where it is shown
 * @param {object} known by name: async (body, ...parameters) draws, and may give a function that
 *   brings what it drew up to date
 */
export function startDrawer(element, known) {
  place = element;
  Object.assign(kinds, known);
  place.addEventListener('keydown', keepFocus);
}

/** Opens it; Back, and the trail at its head, return to what was open before. */
export function openDrawer(kind, ...parameters) {
  // What is chosen on the page begins a trail, what is chosen in the sheet goes on with it.
  const isFurther = place.contains(document.activeElement);
  if (!isFurther) opener = document.activeElement;
  const was = wanted();
  const trail = isFurther && isKnown(was[0]) ? [...trailOf(), was].slice(-longestTrail) : [];
  go({ open: JSON.stringify([kind, ...parameters]) }, { trail });
  return syncDrawer();
}

export function closeDrawer() {
  if (place.hidden) return;
  go({ open: null }, null);
  syncDrawer();
  if (opener?.isConnected) opener.focus();
  opener = null;
}

/** Shows what the address says. */
export async function syncDrawer() {
  const mine = ++turn;
  const [kind, ...parameters] = wanted();
  refresh = null;
  place.hidden = !isKnown(kind);
  if (place.hidden) {
    place.replaceChildren();
    return;
  }
  const body = make('div.body');
  const close = make('button.close', { onclick: closeDrawer, title: 'Close (Esc)' }, 'Close');
  place.replaceChildren(close, ...trail(), body);
  place.scrollTop = 0;
  close.focus({ preventScroll: true });
  await guarded(body, async () => {
    const again = await kinds[kind](body, ...parameters);
    if (mine === turn) refresh = again ?? null;
  });
  if (mine === turn) {
    const title = body.querySelector('h1')?.textContent;
    if (title) place.setAttribute('aria-label', title);
    nameStep(title);
  }
}

/** Brings the open sheet up to date. */
export async function refreshDrawer() {
  if (refresh) await guarded(place.querySelector('.body'), refresh);
}

async function guarded(body, work) {
  try {
    await work();
    body.querySelector(':scope > .failure')?.remove();
  } catch (failure) {
    if (!(failure instanceof QueryFailure)) throw failure;
    body.querySelector(':scope > .failure')?.remove();
    body.prepend(make('pre.failure.bad.mono', { role: 'alert' }, failure.message));
  }
}

/** What was open before, one out of the other; kept with the entry of the history. */
function trailOf() {
  return Array.isArray(history.state?.trail) ? history.state.trail : [];
}

/** Titles of what was open, for the trail, by what the address says of it. */
const titles = new Map();

function nameStep(title) {
  if (title) titles.set(JSON.stringify(wanted()), title);
}

function trail() {
  const steps = trailOf().filter(([kind]) => isKnown(kind));
  if (!steps.length) return [];
  return [make('nav.trail', { 'aria-label': 'Came from' }, ...steps.map((step, index) =>
    make('button.step', { onclick: () => {
      go({ open: JSON.stringify(step) }, { trail: steps.slice(0, index) });
      syncDrawer();
    } }, titles.get(JSON.stringify(step)) ?? step[1] ?? step[0])))];
}

/** Tab goes round inside the sheet; Esc leaves it. */
function keepFocus(event) {
  if (event.key !== 'Tab') return;
  const stops = [...place.querySelectorAll(
    'a[href], button, input, select, textarea, summary, [tabindex="0"]')]
    .filter((stop) => !stop.disabled && stop.getClientRects().length);
  const [first, last] = [stops[0], stops.at(-1)];
  const leaves = event.shiftKey ? document.activeElement === first
    : document.activeElement === last;
  if (!leaves) return;
  event.preventDefault();
  (event.shiftKey ? last : first).focus();
}

function isKnown(kind) {
  return Object.hasOwn(kinds, kind ?? '');
}

function wanted() {
  try {
    const parts = JSON.parse(address().parameters.get('open'));
    return Array.isArray(parts) ? parts.map(String) : [];
  } catch {
    return [];
  }
}
