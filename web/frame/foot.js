// SPDX-License-Identifier: Apache-2.0

import { agents, query, QueryFailure } from '../asking/api.js';
import { openDrawer } from './drawer.js';
import { bytes, clock, count } from '../parts/format.js';
import { during, timeWindow } from './time.js';

const element = (id) => document.getElementById(id);

/** Makes the notes of the foot open what they are about. */
export function startFoot() {
  element('losses').addEventListener('click', () => openDrawer('losses'));
  element('agents').addEventListener('click', () => openDrawer('agents'));
}

/** Says when the page was loaded, who is connected and what is missing from the time range. */
export async function refreshFoot(isLoaded) {
  if (isLoaded) element('loaded').textContent = `loaded ${clock(Date.now(), 's')}`;
  await Promise.all([
    orUnknown(element('agents'), 'agents: unknown', showAgents),
    orUnknown(element('losses'), 'losses: unknown', showLosses),
  ]);
}

/** No answer is no good news. */
async function orUnknown(place, text, show) {
  try {
    await show(place);
  } catch (failure) {
    if (!(failure instanceof QueryFailure)) throw failure;
    place.textContent = text;
    place.classList.add('some');
    if (place === element('losses')) lostNow = null;
  }
}

async function showAgents(place) {
  const known = (await agents()).filter(({ state }) => state !== 'ended');
  const connected = known.filter((agent) => agent.connected).length;
  place.textContent = known.length ? `agents: ${connected} of ${known.length} connected`
    : 'no agent yet';
  place.classList.toggle('some', connected < known.length || !known.length);
}

let lostNow = null;

/** Records that were dropped in the range, as the foot tells it; null when that is not known. */
export function lostInRange() {
  return lostNow;
}

/** What was never going to be a call or a flow, and alarms nobody. */
export const strangers = ['unknown_protocol', 'not_ip', 'duplicate_packet'];

/** The stage that counts bytes, which cannot be added to what the others count. */
export const inBytes = 'bytes';

/** What was dropped of rows by stage and reason: {lost, strange, unread}, unread in bytes. */
export function dropped(rows) {
  const sum = (list) => list.reduce((total, row) => total + Number(row.lost), 0);
  const isStrange = (row) => strangers.includes(row.reason);
  const counted = rows.filter((row) => row.stage !== inBytes);
  return { lost: sum(counted.filter((row) => !isStrange(row))),
    strange: sum(counted.filter(isStrange)),
    unread: sum(rows.filter((row) => row.stage === inBytes)) };
}

async function showLosses(place) {
  const rows = await query(`SELECT stage, reason, Sum(dropped) AS lost FROM loss_ledger
    WHERE ${during(timeWindow())} GROUP BY stage, reason LIMIT 1000`, 'metaflow_system');
  const all = dropped(rows);
  const { lost, strange, unread } = all;
  lostNow = lost;
  const notes = summary(all);
  place.classList.toggle('some', lost > 0);
  place.textContent = lost || strange || unread ? `${notes}: why?` : notes;
}

/** The same words in the foot and in its drawer. */
export function summary({ lost, strange, unread }) {
  return [lost ? `${count(lost)} dropped in this range` : 'nothing dropped in this range',
    unread ? `${bytes(unread)} of streams not seen` : '',
    strange ? `${count(strange)} that were no calls or flows` : ''].filter(Boolean).join(', ');
}
