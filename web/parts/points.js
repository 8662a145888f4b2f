// SPDX-License-Identifier: Apache-2.0

import { make } from './dom.js';

/** The observation points in the order that a request passes them, with what each one is. */
const path = [
  ['c-app', 'client application', 'told by the application itself'],
  ['c-p', 'client process', 'system calls of the client’s process'],
  ['c', 'client interface', 'network interface of the client’s host, container or namespace'],
  ['c-nd', 'client node', 'the node that the client’s container runs on'],
  ['c-hv', 'client hypervisor', 'the hypervisor of the client'],
  ['c-gw-hv', 'client-side gateway’s hypervisor', 'the hypervisor of the client-side gateway'],
  ['c-gw', 'client-side gateway', 'a gateway, on the client’s side'],
  ['local', 'loopback', 'a loopback interface: both ends are on this host'],
  ['app', 'application', 'told by an application itself'],
  ['rest', 'on the way', 'an interface that belongs to neither end'],
  ['s-gw', 'server-side gateway', 'a gateway, on the server’s side'],
  ['s-gw-hv', 'server-side gateway’s hypervisor', 'the hypervisor of the server-side gateway'],
  ['s-hv', 'server hypervisor', 'the hypervisor of the server'],
  ['s-nd', 'server node', 'the node that the server’s container runs on'],
  ['s', 'server interface', 'network interface of the server’s host, container or namespace'],
  ['s-p', 'server process', 'system calls of the server’s process'],
  ['s-app', 'server application', 'told by the application itself'],
];

const places = new Map(path.map(([point], index) => [point, index]));

/** Where on the way from client to server a point lies; unknown ones lie in the middle. */
export function placeOf(point) {
  return places.get(point) ?? places.get('rest');
}

export function pointName(point) {
  return path[places.get(point)]?.[1] ?? point;
}

export function pointAbout(point) {
  return path[places.get(point)]?.[2] ?? '';
}

/** The points that agents have, for a choice: [value, title]. */
export const pointChoices = path.filter(([point]) => !/app|hv/.test(point))
  .map(([point, name]) => [point, `At the ${name}`]);

/** A point in words; its code, which SQL knows it by, when hovering. */
export function pointLabel(point) {
  return make('span', { title: `${pointAbout(point)}; observation_point = '${point}'` },
    pointName(point));
}

/**
 * The points that saw one thing, in words: the first and the last, and how many; hovering tells all.
 * @param {string[]} points in the order of the way
 */
export function seenAt(points) {
  const all = points.map((point) => `${pointName(point)} (${point})`).join('\n');
  if (points.join() === 'c-p,s-p') return make('span', { title: all }, 'both processes');
  if (points.length < 3) return make('span', { title: all }, points.map(pointName).join(', '));
  return make('span', { title: all },
    `${pointName(points[0])} … ${pointName(points.at(-1))}, ${points.length} points`);
}

/** Whether the point stands in a process, where a call's time is that of the program. */
export function isProcess(point) {
  return /-(p|app)$|^app$/.test(point);
}
