// SPDX-License-Identifier: Apache-2.0

import { draw, pressable } from './dom.js';
import { openDrawer } from '../frame/drawer.js';
import { duration, errorShare, percent, rate } from './format.js';
import { edgeKey } from './layout.js';

const arrow = 'arrow';

/** Lines up to which each shows its label; of more, the one that is pointed at. */
const fewLines = 30;

/** Sizes of what is drawn now. */
let card = null;

/** The map as a drawing; everything in it can be clicked and reached by keyboard. */
export function drawing({ places, via, width, height, card: sizes }, calls, span, zoom) {
  card = sizes;
  const pairs = [...Map.groupBy(calls, (call) => edgeKey(call.client, call.server)).values()];
  const taken = [...places.values()].map(({ x, y }) =>
    ({ x, y: y - card.height / 2, width: card.width, height: card.height }));
  // Level lines first: their labels can stand nowhere else.
  const slope = ([{ client, server }]) => Math.abs(places.get(client).y - places.get(server).y);
  const edges = pairs.sort((a, b) => slope(a) - slope(b))
    .map((pair) => edge(pair, pairs, places, via, span));
  const isDense = !places.size || card.height < 50;
  const style = `svg.map${pairs.length > fewLines ? '.many' : ''}${isDense ? '.dense' : ''}`;
  return draw(style, {
    viewBox: `0 0 ${width} ${height}`, width: width * zoom, height: height * zoom,
    role: 'group', 'aria-label': 'Service map',
  },
  draw('defs', {}, draw('marker', { id: arrow, viewBox: '0 0 8 8', refX: 7, refY: 4,
    markerWidth: 9, markerHeight: 9, markerUnits: 'userSpaceOnUse', orient: 'auto' },
  draw('path', { d: 'M0,0 L8,4 L0,8 z' }))),
  // Trouble lies on top.
  ...edges.toSorted((a, b) => a.share - b.share).map(({ line }) => line),
  ...[...places].map(([name, at]) => node(name, at, calls, span)),
  ...edges.map(({ label }) => label(taken)));
}

function totals(calls) {
  const sum = (value) => calls.reduce((total, call) => total + Number(value(call) ?? 0), 0);
  const all = { requests: sum((call) => call.requests), responses: sum((call) => call.responses),
    errors: sum((call) => call.errors) };
  const spent = sum((call) => (call.mean ?? 0) * call.responses);
  all.mean = all.responses ? spent / all.responses : null;
  return { ...all, share: errorShare(all) };
}

function tone(share) {
  return share >= 5 ? 'bad' : share > 0 ? 'warn' : 'good';
}

function clickable(open, label, key) {
  return { role: 'button', 'aria-label': label, 'data-key': key, ...pressable(open) };
}

/** Whether a kind of service says who an end is, and not only where. */
export function isNamed(kind) {
  return Boolean(kind) && !['IP', 'Internet IP', 'Host', 'Cloud Host', 'K8s Node', 'K8s Cluster']
    .includes(kind);
}

function node(name, { x, y }, calls, span) {
  const served = calls.filter((call) => call.server === name);
  const made = calls.find((call) => call.client === name);
  const isKnown = [...served.map((call) => call.server_kind), made?.client_kind].some(isNamed);
  const sum = totals(served);
  const about = !isKnown ? 'process not known' : !served.length ? 'calls only'
    : `${rate(sum.requests / span.watched)} · ${percent(sum.share)} errors`;
  const colour = served.length ? tone(sum.share) : 'quiet';
  return draw(`g.node.${colour}${isKnown ? '' : '.stranger'}`, {
    transform: `translate(${x} ${y - card.height / 2})`,
    ...clickable(() => openDrawer('node', name), `${name}: ${about}`, `node ${name}`),
  }, draw('title', {}, `${name}: ${about}`),
  draw('rect', { width: card.width, height: card.height, rx: 8 }),
  draw('rect.stripe', { width: 5, height: card.height - 16, x: 7, y: 8, rx: 2.5 }),
  draw('text.name', { x: 20, y: 22 }, shortened(name || '(unknown)', card.height < 50 ? 16 : 18)),
  card.height < 50 ? null : draw('text.figures', { x: 20, y: 40 }, about));
}

/** The middle goes first: names differ at their ends. */
function shortened(text, most) {
  if (text.length <= most) return text;
  return `${text.slice(0, Math.ceil(most / 2))}…${text.slice(1 - Math.floor(most / 2))}`;
}

function edge(pair, pairs, places, via, span) {
  const [{ client, server }] = pair;
  const sum = totals(pair);
  // A label stands away from the end where many lines meet.
  const [fromHere, toThere] = [pairs.filter(([other]) => other.client === client).length,
    pairs.filter(([other]) => other.server === server).length];
  const { path, along } = curve(places.get(client), places.get(server),
    via.get(edgeKey(client, server)) ?? [], Math.sign(fromHere - toThere));
  const open = () => openDrawer('edge', client, server);
  const perSecond = sum.requests / span.watched;
  const protocols = [...new Set(pair.map((call) => call.protocol))].join(', ');
  const texts = [`${shortened(protocols, 18)} · ${rate(perSecond)}`,
    `${percent(sum.share)} errors · ${duration(sum.mean)}`];
  const name = `${client} → ${server}: ${texts.join(' · ')}`;
  const style = `.${sum.share > 0 ? tone(sum.share) : 'quiet'}`;
  const line = draw(`path.edge${style}`, { d: path, 'marker-end': `url(#${arrow})`, onclick: open,
    'stroke-width': (1.4 + Math.min(4, Math.log10(1 + perSecond) * 1.6)).toFixed(1) },
  draw('title', {}, name));
  const label = (taken) => {
    const box = { width: Math.max(...texts.map((text) => text.length)) * 6.3 + 14, height: 34 };
    const { x, y } = free(along, box, taken);
    taken.push({ ...box, x, y });
    const light = (event) => line.classList.toggle('hot', /enter|in$/.test(event.type));
    const element = draw(`g.label${style}`, { transform: `translate(${x} ${y})`,
      ...clickable(open, name, `edge ${client} ${server}`),
      onmouseenter: light, onmouseleave: light, onfocusin: light, onfocusout: light },
    draw('title', {}, name),
    draw('rect', { ...box, rx: 6 }),
    ...texts.map((text, index) => draw(index ? 'text' : 'text.name',
      { x: box.width / 2, y: 14 + index * 14, 'text-anchor': 'middle' }, text)));
    for (const [event, isHot] of [['mouseenter', true], ['mouseleave', false]]) {
      line.addEventListener(event, () => element.classList.toggle('hot', isHot));
    }
    return element;
  };
  return { line, label, share: sum.share };
}

/**
 * The line of an edge, and the points along it where its label may stand, best first.
 * @param {number} lean 1 to have it nearer to where the line ends, -1 to where it begins
 */
function curve(from, to, via, lean) {
  const half = card.height / 2;
  if (to === from) {
    const right = { x: from.x + card.width, y: from.y };
    return { path: `M${right.x},${right.y + 8} c70,34 70,-50 0,-16`,
      along: [130, 150, 110].map((x) => ({ x: right.x + x, y: right.y - 2 })) };
  }
  if (to.x <= from.x) {
    // Calls to the left go round below.
    const [a, b] = [{ x: from.x + card.width * 0.7, y: from.y + half },
      { x: to.x + card.width * 0.3, y: to.y + half }];
    const low = Math.max(a.y, b.y) + 60;
    return { path: `M${a.x},${a.y} C${a.x},${low} ${b.x},${low} ${b.x},${b.y}`,
      along: [0.5, 0.4, 0.6, 0.3, 0.7].map((t) => bezier(t, a, { x: a.x, y: low },
        { x: b.x, y: low }, b)) };
  }
  const stops = [{ x: from.x + card.width, y: from.y },
    ...via.flatMap(({ x, y }) => [{ x, y }, { x: x + card.width, y }]), to];
  let path = `M${stops[0].x},${stops[0].y}`;
  const along = [];
  for (let index = 1; index < stops.length; index += 1) {
    const [a, b] = [stops[index - 1], stops[index]];
    const middle = (a.x + b.x) / 2;
    path += ` C${middle},${a.y} ${middle},${b.y} ${b.x},${b.y}`;
    if (index % 2) {
      along.push(...[0.5, 0.42, 0.58, 0.35, 0.65, 0.28, 0.72].map((t) =>
        bezier(t + lean * 0.1, a, { x: middle, y: a.y }, { x: middle, y: b.y }, b)));
    }
  }
  return { path, along };
}

function bezier(t, a, b, c, d) {
  const at = (axis) => (1 - t) ** 3 * a[axis] + 3 * (1 - t) ** 2 * t * b[axis]
    + 3 * (1 - t) * t ** 2 * c[axis] + t ** 3 * d[axis];
  return { x: at('x'), y: at('y') };
}

/** The first place along a line where a label covers nothing; else below what is in the way. */
function free(along, box, taken) {
  const corner = ({ x, y }) => ({ x: x - box.width / 2, y: y - box.height / 2 });
  const hits = ({ x, y }) => taken.some((other) => x < other.x + other.width
    && other.x < x + box.width && y < other.y + other.height && other.y < y + box.height);
  for (const shift of [0, 20, -20, 38, -38]) {
    for (const point of along) {
      const place = corner({ x: point.x, y: point.y + shift });
      if (!hits(place)) return place;
    }
  }
  return corner(along[0]);
}
