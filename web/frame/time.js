// SPDX-License-Identifier: Apache-2.0

import { address, go } from './address.js';
import { copyButton, make } from '../parts/dom.js';
import { clock } from '../parts/format.js';
import { keep, state } from './state.js';

const ranges = [
  [60, 'last minute'], [300, 'last 5 min'], [900, 'last 15 min'], [3600, 'last hour'],
  [21600, 'last 6 h'], [86400, 'last 24 h'], [604800, 'last 7 days'],
];

/** The fixed range that the address names in seconds, or null where it follows the clock. */
function fixed() {
  const [from, to] = ['from', 'to'].map((key) => Number(address().parameters.get(key)));
  return from > 0 && to > from ? { from, to } : null;
}

export function isLive() {
  return !fixed();
}

/**
 * The chosen range: {from, to, seconds}, what to ask for (step, and trendStep for the small lines of
 * tables; no shorter than `shortest`) and settled, up to where rows have arrived: those of the last seconds are still on
 * their way.
 */
export function timeWindow(shortest = 1) {
  const now = Math.floor(Date.now() / 1000);
  const last = Number(address().parameters.get('last')) || state.last;
  const { from, to } = fixed() ?? { from: now - last, to: now };
  const seconds = to - from;
  const [step, trendStep] = [120, 50].map((points) =>
    Math.max(shortest, Math.ceil(seconds / points)));
  return { from, to, step, trendStep, seconds, settled: Math.min(to, now - 3) };
}

/** The condition that keeps a statement inside the range. */
export function during({ from, to }) {
  return `time >= ${from} AND time <= ${to}`;
}

/** Looks at a fixed range, in seconds since the epoch. */
export function lookAt(from, to) {
  go({ from: Math.floor(from), to: Math.ceil(to), last: null });
  dispatchEvent(new Event('rangechange'));
}

function follow(last) {
  state.last = last;
  keep();
  go({ last, from: null, to: null });
  dispatchEvent(new Event('rangechange'));
}

/** The choice of a range, which draws itself again when the range changes. */
export function rangeControl(holder) {
  const draw = () => holder.replaceChildren(...parts(holder));
  addEventListener('rangechange', draw);
  addEventListener('hashchange', draw);
  draw();
}

function parts(holder) {
  const range = fixed();
  const last = Number(address().parameters.get('last')) || state.last;
  const known = ranges.some(([seconds]) => seconds === last)
    ? ranges : [...ranges, [last, `last ${last} s`]];
  const select = make('select', {
    'aria-label': 'Time range', onchange: (event) => {
      const chosen = event.target.value;
      if (chosen !== 'custom' && chosen !== 'fixed') return follow(Number(chosen));
      select.value = range ? 'fixed' : last;
      form.hidden = chosen !== 'custom';
      if (!form.hidden) form.querySelector('input').focus();
      return undefined;
    },
  }, ...known.map(([seconds, title]) =>
    make('option', { value: seconds, selected: !range && seconds === last }, title)),
  range && make('option', { value: 'fixed', selected: true },
    `${clock(range.from, 's')} – ${clock(range.to, 's')}`),
  make('option', { value: 'custom' }, 'from – to…'));
  const form = customForm(holder);
  const step = (title, sign, change) => make('button', { title, 'aria-label': title, onclick: () => {
    const { from, to, seconds } = timeWindow();
    lookAt(...change(from, to, seconds));
  } }, sign);
  return [
    step('Earlier by half', '‹', (from, to, seconds) => [from - seconds / 2, to - seconds / 2]),
    select, form,
    step('Later by half', '›', (from, to, seconds) => [from + seconds / 2, to + seconds / 2]),
    step('Zoom out', '−', (from, to, seconds) => [from - seconds / 2, to + seconds / 2]),
    copyButton('Link', () => fixedLink()),
  ];
}

/** A link to what is looked at, with its times: "last 15 min" is another 15 minutes for others. */
function fixedLink() {
  const { from, to } = timeWindow();
  const { path, parameters } = address();
  parameters.delete('last');
  parameters.set('from', from);
  parameters.set('to', to);
  return `${location.href.split('#')[0]}#/${path}?${parameters}`;
}

function customForm(holder) {
  const { from, to } = timeWindow();
  const [first, second] = [from, to].map((seconds, index) => make('input', {
    type: 'datetime-local', step: 1, required: true, value: local(seconds),
    'aria-label': index ? 'To' : 'From',
  }));
  const form = make('form.popover', {
    hidden: true,
    onsubmit: (event) => {
      event.preventDefault();
      const [begin, end] = [first, second].map((input) => new Date(input.value) / 1000);
      second.setCustomValidity(end > begin ? '' : 'The end must come after the beginning.');
      if (form.reportValidity()) lookAt(begin, end);
    },
    onkeydown: (event) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      form.hidden = true;
      holder.querySelector('select').focus();
    },
    oninput: () => second.setCustomValidity(''),
  }, make('label', {}, 'From', first), make('label', {}, 'To', second),
  make('span.quiet', {}, `times in ${Intl.DateTimeFormat().resolvedOptions().timeZone}`),
  make('button.primary', {}, 'Show'));
  return form;
}

function local(seconds) {
  const shifted = new Date(seconds * 1000 - new Date(seconds * 1000).getTimezoneOffset() * 60000);
  return shifted.toISOString().slice(0, 19);
}
