// SPDX-License-Identifier: Apache-2.0

/**
 * How a flow ends, by `close_type`: its name, how it colours, and what it tells an operator. A
 * failure also has the metric that counts it, the phase of the connection, who is to blame, and
 * the colour of its line in a chart.
 */
const endings = [
  { type: 7, name: 'no answer to SYN', tone: 'bad', metric: 'server_syn_miss',
    phase: 'establish', by: 'server', colour: '#e5484d',
    about: 'The client’s SYN was repeated and never answered: the server’s host is down, a '
      + 'firewall drops the packets, or the route back is missing. The client sees “connection '
      + 'timed out”.' },
  { type: 15, name: 'refused', tone: 'bad', metric: 'server_reset',
    phase: 'establish', by: 'server', colour: '#f76b15',
    about: 'The SYN was answered by RST: nothing listens on that port, or a firewall rejects. The '
      + 'client sees “connection refused”. Look whether the service runs and where it listens.' },
  { type: 10, name: 'no final ACK', tone: 'bad', metric: 'client_ack_miss',
    phase: 'establish', by: 'client', colour: '#ffba18',
    about: 'The server answered, but the client’s last handshake packet never came: packets '
      + 'towards the client are lost or filtered, or it is a SYN flood or a scan.' },
  { type: 13, name: 'port reused', tone: 'warn', metric: 'client_source_port_reuse',
    phase: 'establish', by: 'client', colour: '#a18072',
    about: 'The client opened a new connection from a port whose old one the server still '
      + 'remembers: it runs out of ports. Use keep-alive, more addresses or a wider range of '
      + 'local ports.' },
  { type: 18, name: 'client reset, connecting', tone: 'warn', metric: 'client_establish_other_rst',
    phase: 'establish', by: 'client', colour: '#d6409f',
    about: 'The client took its attempt back with RST during the handshake: a scan, a health check '
      + 'that only connects, or an impatient client.' },
  { type: 19, name: 'server reset, connecting', tone: 'bad', metric: 'server_establish_other_rst',
    phase: 'establish', by: 'server', colour: '#ab4aba',
    about: 'The server reset the handshake after it had begun: a proxy or firewall with no '
      + 'capacity, or SYN cookies that did not fit.' },
  { type: 9, name: 'client reset', tone: 'warn', metric: 'client_rst_flow',
    phase: 'transfer', by: 'client', colour: '#3e63dd',
    about: 'The client tore the open connection down with RST: its process ended, a deadline or a '
      + 'cancelled request, or it closed the socket with unread data.' },
  { type: 2, name: 'server reset', tone: 'bad', metric: 'server_rst_flow',
    phase: 'transfer', by: 'server', colour: '#8b5cf6',
    about: 'The server tore the open connection down with RST. Its process crashed, was restarted, '
      + 'closed the socket with unread data, or gave up on the client: look at the server’s log '
      + 'at this time.' },
  { type: 17, name: 'accept queue full', tone: 'bad', metric: 'server_queue_lack',
    phase: 'transfer', by: 'server', colour: '#12a594',
    about: 'The server’s kernel repeated its SYN/ACK although it had been acknowledged: the accept '
      + 'queue overflows, because the program accepts too slowly. Raise the listen backlog (and '
      + 'net.core.somaxconn), or add workers.' },
  { type: 3, name: 'silent', tone: 'warn', metric: 'tcp_timeout',
    phase: 'transfer', by: null, colour: '#7d8998',
    about: 'No packet for so long that it was given up. For TCP: an end vanished without a word '
      + '(host down, a firewall or NAT that forgot the connection, a cable), or it idles '
      + 'without keepalive.' },
  { type: 0, name: 'unknown', tone: 'quiet',
    about: 'How it ended could not be told, usually because its packets were only partly seen.' },
  { type: 1, name: 'finished', tone: 'good',
    about: 'Both ends closed it with FIN, as they should.' },
  { type: 5, name: 'still open', tone: 'good',
    about: 'The connection goes on; this is its report of one minute.' },
  { type: 8, name: 'server half closed', tone: 'quiet',
    about: 'Only the client’s FIN was seen: the server never closed its side. Many of them: the '
      + 'server’s program leaks sockets in CLOSE_WAIT.' },
  { type: 11, name: 'client half closed', tone: 'quiet',
    about: 'Only the server’s FIN was seen: the client never closed its side. Usual for pools that '
      + 'keep idle connections until the server hangs up.' },
  { type: 20, name: 'finished by reset', tone: 'good',
    about: 'It was done, and the client ended it with RST instead of FIN: a shortcut of some '
      + 'programs and health checks. Nothing is wrong.' },
];

/** Datagrams have no farewell: that none came any more is how they end. */
const quiet = { name: 'ended', tone: 'good',
  about: 'No packet came any more, which is how flows without a connection end.' };

/** The failures that are counted, in the order of the connection's phases. */
export const failureKinds = endings.filter(({ metric }) => metric)
  .map((kind) => ({ ...kind, title: kind.name[0].toUpperCase() + kind.name.slice(1) }));

/** What failed in a row that counts every kind: {establish, resets, silent, total}. */
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

/** Every way to end, for a choice: [close_type, name]. */
export const endingChoices = endings.map(({ type, name }) => [String(type), name]);

/** How a flow with `close_type` and `transport` ended. */
export function endingOf({ close_type: type, transport }) {
  if (Number(type) === 3 && transport !== 'TCP') return quiet;
  return endings.find((ending) => ending.type === Number(type))
    ?? { name: `type ${type}`, tone: 'quiet',
      about: 'A way of ending that this page does not know.' };
}

/** Whether that was a failure. */
export function hasFailed(row) {
  return Boolean(endingOf(row).metric);
}
