// SPDX-License-Identifier: Apache-2.0

import { query } from '../asking/api.js';
import { make } from '../parts/dom.js';
import { dropped, inBytes, summary as summaryOf } from '../frame/foot.js';
import { bytes, count, percent } from '../parts/format.js';
import { dataTable } from '../parts/table.js';
import { during, timeWindow } from '../frame/time.js';

/** The stages in the order that data goes through them, and what each counts. */
const stages = [
  ['probes', 'socket events in the kernel'], ['ring', 'socket events read from the ring'],
  ['packets', 'packets in the kernel that matched the filter'],
  ['frames', 'frames decoded'], ['segments', 'TCP segments put in order'],
  ['conversations', 'messages recognised'], ['calls', 'call records made'],
  ['flows', 'flow reports'], [inBytes, 'bytes of streams that calls are read from'],
  ['rollup', 'metric updates'], ['uplink', 'records given to the uplink'],
  ['ingest', 'records taken in by the server'], ['store', 'rows written to the store'],
];

/** By reason: what happened, and what to do about it. */
const meanings = {
  ring_full: ['The agent did not read the kernel’s ring fast enough.',
    'Raise capture.ring in agent.yaml, or give the agent more processor time (limits.cpu).'],
  map_full: ['A table in the kernel was full: more sockets or threads at once than it holds.',
    'Fewer are watched until some end. Watch only the protocols you need (protocols).'],
  lookup_failed: ['The kernel did not know a socket or thread it should have known.',
    'Normal for the first moments after the agent started; otherwise report it.'],
  payload_unreadable: ['A program’s buffer could not be read (paged out).',
    'Nothing; the call is there, only its text is missing.'],
  malformed_event: ['A kernel record of an unknown layout.',
    'Agent and probes do not match: install the agent again.'],
  conversation_table_full: ['More conversations at once than the agent follows.',
    'Raise limits.memory of the agent, or watch fewer protocols.'],
  pending_store_full: ['More requests waited for answers than the agent keeps.',
    'Look for a service that does not answer; raise limits.memory.'],
  gave_way: ['More requests waited for answers than the agent keeps: those that waited longest, or of the busiest connection, are told without their answers.',
    'Look for a service that does not answer; raise limits.memory.'],
  unknown_protocol: ['Bytes on sockets that speak no protocol MetaFlow knows, or encrypted ones.',
    'Nothing to mend: no call you could have seen is missing from the protocols it knows.'],
  parse_failed: ['A conversation stopped following its protocol.',
    'A few are usual (connections older than the agent). Many: report the program and version.'],
  stream_gap: ['Bytes that were needed lay beyond the captured prefix, or were lost before.',
    'Usual for large bodies and connections older than the agent. Else raise capture.payload.'],
  unpaired_response: ['An answer whose request was not seen.',
    'Usual just after the agent started. Otherwise see ring_full and stream_gap.'],
  rollup_table_full: ['More combinations of client, service and endpoint in a second than are rolled up: they count in rows of less detail.',
    'Nothing is lost: sums are exact, and calls are in the log. Raise limits.memory for more detail.'],
  endpoint_table_full: ['A service had more endpoints than are told apart: these calls count as of {other}.',
    'Nothing is lost: calls are in the log with their resource. Name its paths in endpoints.templates, or raise endpoints.per_service.'],
  batch_full: ['More calls between two flushes than a batch holds.',
    'Lower flush_interval in agent.yaml.'],
  flow_table_full: ['More connections at once than the agent follows packets of.',
    'Raise limits.memory of the agent, or watch fewer interfaces.'],
  malformed_packet: ['A header was cut, contradicted itself, or is of a kind that is not decoded.',
    'A few are usual. Many: raise the snap length, or look for a broken card or tunnel.'],
  not_ip: ['Frames that are not IP (ARP, spanning tree), or of a protocol without flows.',
    'Nothing: they belong to no connection.'],
  snap_length: ['Bytes of a packet were not captured.',
    'Raise the snap length, or capture the file again with a longer one (tcpdump -s 0).'],
  fragment_missing: ['The first fragment of an IP packet never came, so its ports are unknown.',
    'Packets are lost on the way, or the capture missed them.'],
  duplicate_packet: ['Packets that were captured twice, of which one counts.',
    'Nothing: no traffic is missing.'],
  reassembly_full: ['More TCP bytes out of order than the agent keeps.',
    'Usual when packets are lost. Otherwise raise limits.memory.'],
  sampled: ['More flows than the flow log keeps a second: a random sample was kept.',
    'Totals and the network view count all. Raise the flow log’s rate to keep more.'],
  packet_rate: ['More packets than the agent may take in a second.',
    'Raise the packet rate limit in agent.yaml, or narrow the filter or the interfaces.'],
  shed_load: ['The agent stayed inside the limits it was given.',
    'Raise limits.cpu or limits.memory in agent.yaml.'],
  spool_full: ['The server was away for longer than the disk queue lasts.',
    'Bring the server back; raise spool.max_size; see that the disk has room.'],
  spool_corrupt: ['A batch on disk could not be read back.', 'Check the agent’s disk.'],
  protocol_suspended: ['Reading this protocol crashed the agent three times, so it is not read.',
    'See metaflow-agent protocols on that host, and the reports it names.'],
  agent_away: ['Seconds in which no agent watched: it was stopped, crashed, or the host was down.',
    'See the agent’s log, and metaflow agents for its crashes.'],
  process_unread: ['Too many processes at once to read who they are; they have a short name.',
    'Usual when thousands of processes begin in a second.'],
  probe_missed: ['The kernel did not run a probe, as it ran on that CPU already.',
    'A few are usual on busy hosts.'],
  malformed_frame: ['The server refused a batch.', 'Agent and server versions do not match.'],
  time_out_of_range: ['Records older than the store keeps, or more than an hour ahead.',
    'Set the clocks; replay an old capture with its times shifted to now.'],
  journal_corrupt: ['Batches that were taken in could not be read back from the journal.',
    'Check the server’s disk.'],
  repeated_span: ['Spans that came a second time, as their sender had no answer; one of them counts.',
    'Nothing: no span is missing.'],
  malformed_span: ['Spans without a trace id, an id or a start of their own.',
    'Their sender was told; see its log, and docs/opentelemetry.md.'],
  store_refused: ['The store refused rows.',
    'See the server’s log; usually disk or memory is full.'],
};

/** What is missing from the time range, by stage and reason, with what to do. */
export async function lossesDrawer(body) {
  const summary = make('p');
  const reasons = dataTable([
    { id: 'stage', title: 'Stage', value: (row) => order(row.stage), show: (row) => row.stage },
    { id: 'reason', title: 'Reason', value: (row) => row.reason,
      show: (row) => make('span.mono', {}, row.reason) },
    { id: 'agent', title: 'Agent', value: (row) => row.agent_id,
      show: (row) => row.agent_id ? String(row.agent_id) : 'server' },
    { id: 'dropped', title: 'Dropped', number: true, value: (row) => Number(row.lost),
      show: (row) => make('strong.warn', {}, amount(row, 'lost')) },
  ], { label: 'Losses by reason', key: (row) => `${row.stage} ${row.reason} ${row.agent_id}`,
    order: { id: 'dropped', descending: true } });
  const passage = dataTable([
    { id: 'stage', title: 'Stage', value: (row) => order(row.stage), show: (row) => row.stage },
    { id: 'counts', title: 'Counts', value: (row) => row.about },
    { id: 'received', title: 'Received', number: true, value: (row) => row.received,
      show: (row) => amount(row, 'received') },
    { id: 'passed', title: 'Passed', number: true, value: (row) => row.passed,
      show: (row) => amount(row, 'passed') },
    { id: 'dropped', title: 'Dropped', number: true, value: (row) => row.lost,
      show: (row) => row.lost ? make('strong.warn', {}, amount(row, 'lost')) : '0' },
    { id: 'share', title: 'Share', number: true, value: (row) => row.share,
      show: (row) => percent(row.share) },
  ], { label: 'Stages', key: (row) => row.stage, order: { id: 'stage', descending: false } });
  const advice = make('dl.advice');
  body.append(make('h1', {}, 'What is missing from this time range'), summary,
    make('h2', {}, 'Why, and what to do'), advice, make('h2', {}, 'By reason'), reasons.element,
    make('h2', {}, 'The way of the data'), passage.element);

  async function refresh() {
    const rows = await query(`SELECT stage, reason, agent_id, Sum(received) AS got,
      Sum(passed) AS kept, Sum(dropped) AS lost FROM loss_ledger WHERE ${during(timeWindow())}
      GROUP BY stage, reason, agent_id LIMIT 5000`, 'metaflow_system');
    const lost = rows.filter((row) => Number(row.lost) > 0);
    const told = summaryOf(dropped(lost));
    summary.textContent = `${told[0].toUpperCase()}${told.slice(1)}. ${!lost.length
      ? 'What is shown is all that was seen.'
      : 'Every stage counts received = passed + dropped; here is where.'}`;
    reasons.update(lost, 'Nothing was dropped.');
    passage.update(byStage(rows), 'Nothing was counted in this time range.');
    advice.replaceChildren(...[...Map.groupBy(lost, (row) => row.reason)].flatMap(explained));
  }
  await refresh();
  return refresh;
}

/** A number of what the row's stage counts. */
function amount(row, column) {
  return row.stage === inBytes ? bytes(Number(row[column])) : count(Number(row[column]));
}

function explained([reason, rows]) {
  const [what, todo] = meanings[reason] ?? ['A reason that this page does not know.',
    'See the release notes of the agent that counted it.'];
  const sums = [...Map.groupBy(rows, (row) => row.stage === inBytes).values()].map((same) =>
    amount({ ...same[0], lost: same.reduce((sum, row) => sum + Number(row.lost), 0) }, 'lost'));
  return [
    make('dt', {}, make('span.mono', {}, reason), ' ', make('span.badge.warn', {}, sums.join(', '))),
    make('dd', {}, what, make('br'), make('strong', {}, 'Do: '), todo),
  ];
}

function byStage(rows) {
  return [...Map.groupBy(rows, (row) => row.stage)].map(([stage, mine]) => {
    const sum = (column) => mine.reduce((total, row) => total + Number(row[column]), 0);
    const [received, passed, lost] = [sum('got'), sum('kept'), sum('lost')];
    return { stage, received, passed, lost, share: received ? lost / received * 100 : 0,
      about: stages.find(([name]) => name === stage)?.[1] ?? '' };
  });
}

function order(stage) {
  const place = stages.findIndex(([name]) => name === stage);
  return place < 0 ? stages.length : place;
}
