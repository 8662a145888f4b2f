// SPDX-License-Identifier: Apache-2.0

import { agents, query, QueryFailure } from './api.js';
import { openDrawer } from './drawer.js';
import { clock, count } from './format.js';
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
  }
}

async function showAgents(place) {
  const known = (await agents()).filter(({ state }) => state !== 'ended');
  const connected = known.filter((agent) => agent.connected).length;
  place.textContent = `agents: ${connected} of ${known.length} connected`;
  place.classList.toggle('some', connected < known.length || !known.length);
}

/** What was never going to be a call or a flow does not alarm. */
async function showLosses(place) {
  const rows = await query(`SELECT reason, Sum(dropped) AS lost FROM loss_ledger
    WHERE ${during(timeWindow())} GROUP BY reason LIMIT 1000`, 'metaflow_system');
  const sum = (list) => list.reduce((total, row) => total + Number(row.lost), 0);
  const strange = sum(rows.filter((row) => row.reason === 'unknown_protocol'));
  const lost = sum(rows.filter((row) => !['unknown_protocol', 'not_ip', 'duplicate_packet'].includes(row.reason)));
  const notes = [lost ? `${count(lost)} dropped in this range` : 'nothing dropped in this range',
    strange ? `${count(strange)} of no known protocol` : ''].filter(Boolean).join(', ');
  place.classList.toggle('some', lost > 0);
  place.textContent = lost || strange ? `${notes}: why?` : notes;
}
