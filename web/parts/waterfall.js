// SPDX-License-Identifier: Apache-2.0

import { openPlaces, sureness } from '../asking/traces.js';
import { openDrawer } from '../frame/drawer.js';
import { said } from './columns.js';
import { make } from './dom.js';
import { count, duration, percent } from './format.js';
import { isProcess, pointAbout, pointName } from './points.js';

/** Lines that each wish for more adds. */
const furtherLines = 2000;

/**
 * A trace as a waterfall: a line a call, below the one that caused it, with its time as a bar.
 * @param {object} trace as `arranged` gives it
 * @param {{current?: string, lines?: number}} [options] the number of a record whose call is marked,
 *   and how many lines are drawn before one asks for more
 */
export function waterfall(trace, { current, lines: first = 400 } = {}) {
  const closed = new Set();
  const unfolded = new Set();
  let most = first;
  const tip = make('div.tip', { role: 'tooltip', id: 'edge-tip', hidden: true });
  const lines = make('div.lines', { role: 'list', 'aria-label': 'Calls of the trace' });
  const more = make('button', { hidden: true, onclick: () => {
    most += furtherLines;
    draw();
  } });
  const all = make('button', { 'aria-pressed': 'false', onclick: () => {
    const isOpen = unfolded.size < trace.calls.length;
    unfolded.clear();
    if (isOpen) for (const { place } of trace.calls) unfolded.add(place);
    draw();
  } }, 'Hops');
  all.title = 'Show the places that saw each call';

  const toggle = (set, place) => {
    if (!set.delete(place)) set.add(place);
    draw();
    lines.querySelector(`[data-place="${place}"] button`)?.focus();
  };

  function draw() {
    tip.hidden = true;
    const places = openPlaces(trace, closed);
    lines.replaceChildren(...places.slice(0, most).flatMap((place) => {
      const call = trace.calls[place];
      const isOpen = unfolded.has(place);
      return [line(trace, call, { isClosed: closed.has(place), isOpen, current,
        close: () => toggle(closed, place), unfold: () => toggle(unfolded, place),
        tell: (at) => tell(tip, call, at), hush: () => { tip.hidden = true; } }),
      ...isOpen ? call.hops.map((hop) => hopLine(trace, call, hop)) : []];
    }));
    more.hidden = places.length <= most;
    more.textContent = `${count(places.length - most)} more calls`;
    all.setAttribute('aria-pressed', String(unfolded.size === trace.calls.length));
  }

  draw();
  return make('div.waterfall', {}, head(trace, all), scale(trace), lines, more, tip,
    ...trace.notes.map((note) => make('p.quiet', {}, note)));
}

function head({ calls, services, length, losses, losses_unknown: unknown }, all) {
  const failed = calls.filter(({ isFailed }) => isFailed).length;
  const total = Math.max(1, services.reduce((sum, { time }) => sum + time, 0));
  const lost = (losses ?? []).reduce((sum, { dropped }) => sum + dropped, 0);
  return make('div', {},
    make('p.bar', {}, make('strong', {}, duration(length)),
      `${calls.length} call${calls.length === 1 ? '' : 's'}, ${services.length} service${
        services.length === 1 ? '' : 's'}`,
      failed ? make('strong.bad', {}, `${failed} failed`) : null,
      make('span.key', { title: 'The calls that the end of the trace waited for' },
        make('i.critical'), 'critical path'), all,
      lost ? make('button.warn', { onclick: () => openDrawer('losses') },
        `${count(lost)} records lost meanwhile`) : null,
      unknown ? make('span.warn', {}, 'what was lost meanwhile is not known') : null),
    make('div.legend.crossed', { 'aria-label': 'Services crossed, by their own time' },
      ...services.slice(0, 12).map(({ name, calls: number, failed: bad, time }) =>
        make('span.key', { title: `${number} calls, ${bad} failed` }, `${name} `,
          make('strong', {}, duration(time)), ` ${percent(time / total * 100)}`,
          bad ? make('span.bad', {}, ` ${bad} failed`) : null)),
      services.length > 12 ? make('span', {}, `and ${services.length - 12} others`) : null));
}

function scale({ length }) {
  return make('div.fall.scale', { 'aria-hidden': 'true' }, make('span'),
    make('div.ticks', {}, ...[0, 0.25, 0.5, 0.75, 1].map((part) =>
      make('span', { style: `left: ${part * 100}%` }, duration(length * part)))),
    make('span.took', {}, 'took'), make('span.took', { title: 'Not spent in calls further down' },
      'self'), make('span', {}, 'edge'));
}

/** Where a bar begins and how long it is, in percent of the trace. */
function bar({ start_time: begin, length }, start, time) {
  const from = Math.min(99.7, Math.max(0, (start - begin) / length * 100));
  return `left: ${from}%; width: ${Math.max(0.3, Math.min(100 - from, time / length * 100))}%`;
}

function line(trace, call, { isClosed, isOpen, current, close, unfold, tell: show, hush }) {
  const isCurrent = call.hops.some(({ id }) => id === current);
  const time = String(BigInt(call.id) >> 32n);
  const tone = `${call.isFailed ? '.failed' : ''}${call.isCritical ? '.critical' : ''}${
    isCurrent ? '.current' : ''}`;
  const server = call.server.service || call.server.ip;
  const inner = call.hops.at(-1);
  return make(`div.fall${tone}`, { role: 'listitem', 'data-place': call.place },
    make('span.what', { style: `padding-left: ${Math.min(call.depth, 30) * 14}px` },
      call.children.length ? make('button.fold', { onclick: close, 'aria-expanded': String(!isClosed),
        title: isClosed ? 'Show what it caused' : 'Hide what it caused' }, isClosed ? '▸' : '▾')
        : make('span.fold'),
      make('button.call', { onclick: () => openDrawer('call', call.id, time),
        'aria-current': isCurrent ? 'true' : null, title: about(call) },
      make('strong', {}, server), make('span.badge', {}, call.protocol), ' ',
      make('span.mono', {}, said(call)),
      call.isFailed ? make('span.bad', {}, ` ${call.status}${
        call.response_code === null ? '' : ` ${call.response_code}`}`) : null)),
    make('div.track', {},
      make('i.whole', { style: bar(trace, call.start_time, call.duration ?? 0) }),
      inner && isProcess(inner.observation_point) && inner.duration !== null
        ? make('i.served', { style: bar(trace, inner.start_time, inner.duration) }) : null),
    make('span.took', {}, duration(call.duration)),
    make('span.took', {}, duration(call.self_time)),
    make('span.edge', {},
      make(`button.sure${call.edge?.is_certain ? '' : '.quiet'}`, { 'aria-describedby': 'edge-tip',
        onmouseenter: (event) => show(event.currentTarget), onmouseleave: hush,
        onfocus: (event) => show(event.currentTarget), onblur: hush },
      call.edge ? sureness(call.edge) : 'no parent'),
      make('button.points', { onclick: unfold, 'aria-expanded': String(isOpen),
        title: 'The places that saw it' }, `${isOpen ? '▾' : '▸'}${call.hops.length}`)));
}

function about(call) {
  return `${call.client.service || call.client.ip} → ${call.server.service || call.server.ip}\n${
    said(call)}\n${call.status}${call.response_exception ? `: ${call.response_exception}` : ''}`;
}

/** Why a call stands where it stands, beside what was pointed at. */
function tell(tip, call, at) {
  const { edge } = call;
  tip.replaceChildren(edge
    ? make('strong', {}, edge.is_certain ? 'Certain' : `Probably: ${sureness(edge)} sure`)
    : make('strong', {}, 'No parent'),
  ...edge ? edge.reasons.map(({ kind, text }) => make('p', {}, make('span.badge', {}, kind), ' ', text))
    : [make('p', {}, call.without_parent ?? '')]);
  tip.hidden = false;
  const [place, { height }] = [at.getBoundingClientRect(), tip.getBoundingClientRect()];
  const fits = place.bottom + 4 + height <= innerHeight;
  tip.style.top = `${fits ? place.bottom + 4 : Math.max(0, place.top - 4 - height)}px`;
  tip.style.right = `${Math.max(0, document.documentElement.clientWidth - place.right)}px`;
}

function hopLine(trace, call, hop) {
  const point = hop.observation_point;
  const time = String(BigInt(hop.id) >> 32n);
  return make('div.fall.place', { role: 'listitem' },
    make('span.what', { style: `padding-left: ${Math.min(call.depth, 30) * 14 + 26}px` },
      make('button.call', { onclick: () => openDrawer('call', hop.id, time),
        title: `${point}: ${pointAbout(point)}, agent ${hop.agent_id}\nOpens its record.` },
      pointName(point))),
    make('div.track', {}, make(isProcess(point) ? 'i.process' : 'i.network', {
      style: bar(trace, hop.start_time, hop.duration ?? 0) })),
    make('span.took', {}, duration(hop.duration)), make('span'), make('span'));
}
