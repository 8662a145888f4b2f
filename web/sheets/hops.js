// SPDX-License-Identifier: Apache-2.0

import { make } from '../parts/dom.js';
import { openDrawer } from '../frame/drawer.js';
import { duration, percent } from '../parts/format.js';
import { isProcess, pointAbout, pointName } from '../parts/points.js';

/** What the time between two neighbours on the way was spent with. */
const spans = {
  client: { title: 'client’s system', tone: 'system',
    about: 'between the client’s process and its network: the kernel, socket buffers, scheduling' },
  network: { title: 'network', tone: 'network', about: 'between two points on the wire' },
  server: { title: 'server’s system', tone: 'system',
    about: 'between the network and the server’s process: the kernel, the socket’s queue, and '
      + 'waiting until the process reads and is scheduled' },
  between: { title: 'network and systems', tone: 'network',
    about: 'between the two processes: kernels, queues and the network. Agents that watch '
      + 'interfaces tell them apart' },
  process: { title: 'server and what it called', tone: 'process',
    about: 'from when the server’s process read the request to when it wrote the response: its own '
      + 'work, and its waiting for what it called meanwhile' },
  beyond: { title: 'beyond', tone: 'process',
    about: 'what lies behind the last point that saw it: the rest of the way and the server' },
};

function kindOf(from, to) {
  const [isFromProcess, isToProcess] = [from, to].map((row) => isProcess(row.observation_point));
  if (isFromProcess) return isToProcess ? 'between' : 'client';
  return isToProcess ? 'server' : 'network';
}

/** On whose side of the way two points of the network lie. */
function sideOf(from, to) {
  const sides = [from, to].map((row) => row.observation_point[0]);
  if (sides[0] !== sides[1] || kindOf(from, to) !== 'network') return '';
  return { c: ', client’s side', s: ', server’s side' }[sides[0]] ?? '';
}

/** The parts that a call's time divides into, from the client inwards: {kind, side, time, out,
 * back}. */
function parts(records) {
  const found = records.slice(1).map((row, index) => {
    const outer = records[index];
    const time = Math.max(0, outer.duration - row.duration);
    // One clock tells the way out from the way back; two clocks differ by more than that.
    const isOneClock = outer.agent_id === row.agent_id;
    return { kind: kindOf(outer, row), side: sideOf(outer, row), time,
      out: isOneClock ? Math.max(0, row.start_time - outer.start_time) : null,
      back: isOneClock ? Math.max(0, outer.end_time - row.end_time) : null };
  });
  const last = records.at(-1);
  const kind = last.observation_point.startsWith('s') && isProcess(last.observation_point)
    ? 'process' : 'beyond';
  return [...found, { kind, time: last.duration, out: null, back: null }];
}

/**
 * Where the time of a call went: a bar of its parts, and a line for each point that saw it.
 * @param {Array<object>} hops of one call in the order of the way, as the server answers them
 * @param {string} current `id` of the record that is open
 */
export function ladder(hops, current) {
  // Half a call has no duration.
  const timed = hops.filter(({ duration: taken }) => taken !== null);
  const way = timed.length > 1 ? parts(timed) : [];
  const total = Math.max(1, timed[0]?.duration ?? 1);
  const bars = placed(timed, total);
  const lines = hops.flatMap((row) => {
    const index = timed.indexOf(row);
    return [hop(row, bars[index], row.id === current),
      index >= 0 && index < timed.length - 1 ? gap(way[index], total) : null];
  });
  return make('div', {}, way.length ? shares(way, total) : null,
    make('div.hops', { role: 'list' }, ...lines.filter(Boolean)),
    hops.length > 1 ? null : make('p.quiet', {}, 'Only this point saw the call: no agent '
      + 'watched the others, or their records are still on their way.'));
}

/** Where each bar begins and how long it is, in percent of the first. */
function placed(rows, total) {
  const [first] = rows;
  let [outerFrom, outerLength] = [0, total];
  return rows.map((row) => {
    const length = Math.min(row.duration, total);
    const lead = row.start_time - first.start_time;
    const isOneClock = row.agent_id === first.agent_id && lead >= 0 && lead + length <= total;
    // Without a common clock a bar stands in the middle of the one around it.
    const from = isOneClock ? lead
      : Math.max(0, Math.min(total - length, outerFrom + (outerLength - length) / 2));
    [outerFrom, outerLength] = [from, length];
    return { from: from / total * 100, length: Math.max(0.4, length / total * 100) };
  });
}

function shares(way, total) {
  const sums = new Map();
  for (const { kind, time } of way) sums.set(kind, (sums.get(kind) ?? 0) + time);
  const known = [...sums].map(([kind, time]) => ({ ...spans[kind], kind, time }));
  return make('div', {},
    make('div.shares', { 'aria-hidden': 'true' }, ...known.map(({ tone, kind, time }) =>
      make(`span.${tone}.${kind}`, { style: `flex-grow: ${time / total}` }))),
    make('div.legend', {}, ...known.map(({ title, about, tone, kind, time }) =>
      make('span.key', { title: about }, make(`i.${tone}.${kind}`), `${title} `,
        make('strong', {}, duration(time)), ` ${percent(time / total * 100)}`))));
}

function hop(row, bar, isCurrent) {
  const point = row.observation_point;
  const end = point.startsWith('s') ? row.server : row.client;
  // The number of a row begins with its second.
  const time = String(BigInt(row.id) >> 32n);
  return make('div.hop', { role: 'listitem' },
    make(isCurrent ? 'button.point.current' : 'button.point', {
      title: `${point}: ${pointAbout(point)}\n${row.client.ip}:${row.client.port} → ${row.server.ip}:${
        row.server.port}, agent ${row.agent_id}${isCurrent ? '' : '\nOpens its record.'}`,
      'aria-current': isCurrent ? 'true' : null,
      onclick: () => isCurrent || openDrawer('call', row.id, time),
    }, pointName(point), make('span.quiet', {}, ` ${end.service}`)),
    make('div.track', {}, bar && make(isProcess(point) ? 'i.process' : 'i.network', {
      style: `left: ${Math.min(bar.from, 99.6)}%; width: ${bar.length}%` })),
    make('span.took', {}, duration(row.duration)));
}

function gap({ kind, side, time, out, back }, total) {
  const { title, about } = spans[kind];
  const ways = out === null ? '' : `${duration(out)} out, ${duration(back)} back`;
  return make('div.gap', { role: 'listitem', title: about },
    make('span', {}, `↕ ${title}${side}`), make('span', {}, ways),
    make('span.took', {}, time / total >= 0.0005 || time ? duration(time) : '0 µs'));
}
