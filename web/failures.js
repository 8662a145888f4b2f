// SPDX-License-Identifier: Apache-2.0

/**
 * The kinds of connection failure that are counted, each with the metric that counts it, the phase
 * of the connection, and the close type of a flow that failed so.
 */
export const failureKinds = [
  { metric: 'server_syn_miss', title: 'No answer to SYN', phase: 'establish', by: 'server',
    tone: '#e5484d' },
  { metric: 'server_reset', title: 'Refused', phase: 'establish', by: 'server', tone: '#f76b15' },
  { metric: 'client_ack_miss', title: 'No final ACK', phase: 'establish', by: 'client',
    tone: '#ffba18' },
  { metric: 'client_source_port_reuse', title: 'Port reused', phase: 'establish', by: 'client',
    tone: '#a18072' },
  { metric: 'client_establish_other_rst', title: 'Client reset, connecting', phase: 'establish',
    by: 'client', tone: '#d6409f' },
  { metric: 'server_establish_other_rst', title: 'Server reset, connecting', phase: 'establish',
    by: 'server', tone: '#ab4aba' },
  { metric: 'client_rst_flow', title: 'Client reset', phase: 'transfer', by: 'client',
    tone: '#3e63dd' },
  { metric: 'server_rst_flow', title: 'Server reset', phase: 'transfer', by: 'server',
    tone: '#8b5cf6' },
  { metric: 'server_queue_lack', title: 'Accept queue full', phase: 'transfer', by: 'server',
    tone: '#12a594' },
  { metric: 'tcp_timeout', title: 'Went silent', phase: 'transfer', by: null, tone: '#7d8998' },
];

/** The columns of a statement that count every kind. */
export const failureColumns = failureKinds.map(({ metric }) => `Sum(${metric}) AS ${metric}`)
  .join(', ');

/** What failed in a row that has `failureColumns`: {establish, resets, silent, total}. */
export function failuresOf(row) {
  const sum = (fits) => failureKinds.filter(fits)
    .reduce((total, { metric }) => total + Number(row[metric] ?? 0), 0);
  return {
    establish: sum(({ phase }) => phase === 'establish'),
    resets: sum(({ metric }) => /_rst_flow$/.test(metric)),
    silent: sum(({ metric }) => metric === 'tcp_timeout' || metric === 'server_queue_lack'),
    total: sum(() => true),
  };
}

/** "Refused 3, Port reused 1", the most frequent first. */
export function failuresInWords(row, fits = () => true) {
  return failureKinds.filter((kind) => fits(kind) && Number(row[kind.metric]) > 0)
    .sort((a, b) => row[b.metric] - row[a.metric])
    .map(({ metric, title }) => `${title} ${row[metric]}`).join(', ');
}

/** By `close_type`: its short name, how it colours, and what it tells an operator. */
export const closeTypes = new Map(Object.entries({
  0: ['unknown', 'quiet', 'How it ended could not be told, usually because its packets were only '
    + 'partly seen.'],
  1: ['finished', 'good', 'Both ends closed it with FIN, as they should.'],
  2: ['server reset', 'bad', 'The server tore the open connection down with RST. Its process '
    + 'crashed, was restarted, closed the socket with unread data, or gave up on the client: look '
    + 'at the server’s log at this time.'],
  3: ['silent', 'warn', 'No packet for so long that it was given up. For TCP: an end vanished '
    + 'without a word (host down, a firewall or NAT that forgot the connection, a cable), or it '
    + 'idles without keepalive.'],
  5: ['still open', 'good', 'The connection goes on; this is its report of one minute.'],
  7: ['no answer to SYN', 'bad', 'The client’s SYN was repeated and never answered: the server’s '
    + 'host is down, a firewall drops the packets, or the route back is missing. The client sees '
    + '“connection timed out”.'],
  8: ['server half closed', 'quiet', 'Only the client’s FIN was seen: the server never closed its '
    + 'side. Many of them: the server’s program leaks sockets in CLOSE_WAIT.'],
  9: ['client reset', 'warn', 'The client tore the open connection down with RST: its process '
    + 'ended, a deadline or a cancelled request, or it closed the socket with unread data.'],
  10: ['no final ACK', 'bad', 'The server answered, but the client’s last handshake packet never '
    + 'came: packets towards the client are lost or filtered, or it is a SYN flood or a scan.'],
  11: ['client half closed', 'quiet', 'Only the server’s FIN was seen: the client never closed its '
    + 'side. Usual for pools that keep idle connections until the server hangs up.'],
  13: ['port reused', 'warn', 'The client opened a new connection from a port whose old one the '
    + 'server still remembers: it runs out of ports. Use keep-alive, more addresses or a wider '
    + 'range of local ports.'],
  15: ['refused', 'bad', 'The SYN was answered by RST: nothing listens on that port, or a firewall '
    + 'rejects. The client sees “connection refused”. Look whether the service runs and where it '
    + 'listens.'],
  17: ['accept queue full', 'bad', 'The server’s kernel repeated its SYN/ACK although it had been '
    + 'acknowledged: the accept queue overflows, because the program accepts too slowly. Raise the '
    + 'listen backlog (and net.core.somaxconn), or add workers.'],
  18: ['client reset, connecting', 'warn', 'The client took its attempt back with RST during the '
    + 'handshake: a scan, a health check that only connects, or an impatient client.'],
  19: ['server reset, connecting', 'bad', 'The server reset the handshake after it had begun: a '
    + 'proxy or firewall with no capacity, or SYN cookies that did not fit.'],
  20: ['finished by reset', 'good', 'It was done, and the client ended it with RST instead of FIN: '
    + 'a shortcut of some programs and health checks. Nothing is wrong.'],
}).map(([number, [name, tone, about]]) => [Number(number), { name, tone, about }]));

export function closeType(number) {
  return closeTypes.get(Number(number)) ?? { name: `type ${number}`, tone: 'quiet',
    about: 'A way of ending that this page does not know.' };
}

/** The close types that are failures, as SQL takes them. */
export const failedTypes = '2, 3, 7, 9, 10, 13, 15, 17, 18, 19';
