// SPDX-License-Identifier: Apache-2.0

import { agents, ingestAddress, QueryFailure } from '../asking/api.js';
import { make } from './dom.js';
import { openDrawer } from '../frame/drawer.js';
import { lostInRange } from '../frame/foot.js';
import { clock, count } from './format.js';

/**
 * Why a page is empty: nobody watched, there was none yet, or some were lost. Unknown is what the
 * page says when the server does not answer.
 * @param {{isUnwatched, isWhole, since}} span as `watchedWindow` tells it
 * @param {string} none what there is none of yet, and what to do
 */
export function nothing(span, none) {
  const lost = lostInRange();
  const parts = [make('p', {}, make('strong', {}, span.isUnwatched ? 'Not watched. ' : 'None yet. '),
    span.isUnwatched ? 'No agent watched anything in this time range.' : none)];
  if (!span.isUnwatched && !span.isWhole) {
    parts.push(make('p', {}, `Agents watched since ${clock(span.since, 's')} only.`));
  }
  if (lost) {
    parts.push(make('p', {}, make('strong', {}, 'Lost. '), `${count(lost)} records of this range `
      + 'were dropped: ', make('button', { onclick: () => openDrawer('losses') }, 'why?')));
  }
  const place = make('div', {}, ...parts);
  if (span.isUnwatched) showStart(place);
  return place;
}

/** How to start an agent, where none is connected. */
async function showStart(place) {
  try {
    if ((await agents()).some((agent) => agent.connected)) {
      place.append(make('p', {}, 'One is connected now: choose a range that ends now.'));
    } else {
      place.append(make('p', {}, 'No agent is connected. Start one as root on each host that is to '
        + 'be seen:'), await command('run'));
    }
  } catch (failure) {
    if (!(failure instanceof QueryFailure)) throw failure;
    place.append(make('p', {}, 'Which agents are connected is unknown.'));
  }
}

/** A command line of the agent, with the address that this server takes agents at. */
export async function command(verb, rest = '') {
  const { host, port, isLoopback, isAny } = await ingestAddress();
  const shown = isAny ? location.hostname : host;
  const address = `${shown.includes(':') && !shown.startsWith('[') ? `[${shown}]` : shown}:${port}`;
  return make('div', {},
    make('pre.mono', {}, `metaflow-agent ${verb} --server ${address}${rest}`),
    isLoopback ? make('p.quiet', {}, 'On the server’s own host: it takes agents on its loopback '
      + 'address only, so other hosts cannot reach it.') : null);
}
