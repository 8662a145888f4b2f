// SPDX-License-Identifier: Apache-2.0

import { agents, query } from '../asking/api.js';
import { make } from '../parts/dom.js';
import { count, stamp } from '../parts/format.js';
import { command } from '../parts/nothing.js';
import { dataTable } from '../parts/table.js';
import { during, timeWindow } from '../frame/time.js';

/** How an agent's state colours; a replay that ended is as it should be. */
const tones = { connected: 'good', away: 'bad' };

/** Every agent that the server knows. */
export async function agentsDrawer(body) {
  const list = dataTable([
    { id: 'host', title: 'Host', value: (row) => row.hostname,
      show: (row) => make('strong', {}, row.hostname) },
    { id: 'id', title: 'Agent', number: true, value: (row) => row.id },
    { id: 'state', title: 'State', value: (row) => row.state,
      show: ({ state }) => make(`span.badge.${tones[state] ?? 'quiet'}`, {}, state) },
    { id: 'seen', title: 'Last heard of', value: (row) => row.last_seen,
      show: (row) => row.last_seen ? stamp(row.last_seen, 's') : 'not since the server started' },
    { id: 'calls', title: 'Calls', number: true, value: (row) => row.calls,
      about: 'In the log, in the time range', show: (row) => count(row.calls) },
    { id: 'flows', title: 'Flows', number: true, value: (row) => row.flows,
      about: 'Reports of flows in the log, in the time range', show: (row) => count(row.flows) },
    { id: 'version', title: 'Version', value: (row) => row.version },
  ], { label: 'Agents', key: (row) => row.id, order: { id: 'host', descending: false } });
  body.append(make('h1', {}, 'Agents'), list.element, make('p.quiet', {},
    'An agent that is away keeps its records in its spool and sends them when it is back. '
    + 'One that stays away: look at its log, and at whether it reaches the server’s ingest port.'));

  const start = await command('run');
  async function refresh() {
    const [known, calls, flows] = await Promise.all([agents(), made('l7_flow_log'),
      made('l4_flow_log')]);
    const rows = known.map((agent) => ({ ...agent, calls: calls.get(agent.id) ?? 0,
      flows: flows.get(agent.id) ?? 0 }));
    list.update(rows, make('div', {},
      make('p', {}, 'No agent has ever connected. Start one as root on each host:'),
      start));
  }
  await refresh();
  return refresh;
}

/** How many records of a log came from which agent. */
async function made(log) {
  const rows = await query(`SELECT agent_id, Count(row) AS records FROM ${log}
    WHERE ${during(timeWindow())} GROUP BY agent_id LIMIT 5000`, 'flow_log');
  return new Map(rows.map((row) => [Number(row.agent_id), Number(row.records)]));
}
