// SPDX-License-Identifier: Apache-2.0

import { make } from './dom.js';
import { count } from './format.js';

/** What protocols tell of a call, as people name it; in the order in which it is shown. */
const labels = new Map(Object.entries({
  'kafka.topic': 'Topic', 'kafka.partition': 'Partition', 'kafka.offset': 'Offset',
  'kafka.group': 'Group', 'kafka.acks': 'Acks', 'kafka.client_id': 'Client id',
  'kafka.throttle_time_ms': 'Throttled (ms)',
  'mqtt.topic': 'Topic', 'mqtt.qos': 'QoS', 'mqtt.client_id': 'Client id', 'mqtt.retain': 'Retained',
  'amqp.exchange': 'Exchange', 'amqp.routing_key': 'Routing key', 'amqp.queue': 'Queue',
  'amqp.message_id': 'Message id', 'amqp.delivery_tag': 'Delivery tag',
  'amqp.correlation_id': 'Correlation id', 'amqp.consumer_tag': 'Consumer', 'amqp.reply_to': 'Reply to',
  'nats.subject': 'Subject', 'nats.stream': 'Stream', 'nats.stream_sequence': 'Sequence',
  'nats.consumer': 'Consumer', 'nats.queue_group': 'Queue group', 'nats.reply_to': 'Reply to',
  'nats.msg_id': 'Message id', 'nats.client_name': 'Client',
  'rocketmq.topic': 'Topic', 'rocketmq.queue_id': 'Queue', 'rocketmq.queue_offset': 'Offset',
  'rocketmq.group': 'Group', 'rocketmq.message_id': 'Message id', 'rocketmq.tags': 'Tags',
  'gen_ai.system': 'Interface', 'gen_ai.operation.name': 'Operation',
  'gen_ai.request.model': 'Model', 'gen_ai.response.model': 'Model that answered',
  'gen_ai.usage.input_tokens': 'Tokens in', 'gen_ai.usage.output_tokens': 'Tokens out',
  'gen_ai.response.finish_reasons': 'Finished by', 'gen_ai.tool.name': 'Tool',
  'gen_ai.request.stream': 'Streamed',
  'graphql.operation.type': 'Operation', 'graphql.operation.name': 'Name',
  'graphql.error.code': 'Error',
  'rpc.system': 'System', 'rpc.service': 'Service', 'rpc.method': 'Method',
  'rpc.streaming': 'Streams', 'rpc.jsonrpc.request_id': 'Request id',
  'rpc.jsonrpc.error_code': 'Error code',
  'db.system.name': 'Database system', 'db.namespace': 'Database',
  'db.collection.name': 'Collection', 'db.operation.name': 'Operation',
  'mongodb.collection': 'Collection', 'mongodb.operation': 'Operation',
  'mongodb.application': 'Application',
  'tls.next_protocol': 'Protocol inside', 'tls.cipher': 'Cipher', 'tls.curve': 'Key exchange',
  'tls.server.subject': 'Certificate', 'tls.server.issuer': 'Issued by',
  'tls.server.not_before': 'Valid from', 'tls.server.not_after': 'Valid until',
  'tls.resumed': 'Resumed', 'tls.hello_retry': 'Asked to retry', 'tls.client.alpn': 'Offers inside',
  'tls.client.versions': 'Offers versions', 'tls.client.ech': 'Hidden name',
  'tls.client.subject': 'Client certificate', 'tls.client.issuer': 'Issued by',
}));

/** The beginnings of names, by what they are about. */
const families = [['kafka', 'Kafka'], ['mqtt', 'MQTT'], ['amqp', 'AMQP'], ['nats', 'NATS'],
  ['rocketmq', 'RocketMQ'], ['gen_ai', 'Language model'], ['graphql', 'GraphQL'],
  ['rpc', 'Remote call'], ['db', 'Database'], ['mongodb', 'MongoDB'], ['tls', 'TLS'],
  ['dubbo', 'Dubbo'], ['fastcgi', 'FastCGI']];

/** What stands for a call in few words; the first of them that there are. */
const telling = ['gen_ai.request.model', 'gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens',
  'graphql.operation.type', 'graphql.operation.name', 'kafka.partition', 'kafka.offset',
  'kafka.group', 'mqtt.qos', 'amqp.queue', 'amqp.routing_key', 'nats.stream', 'nats.queue_group',
  'rocketmq.queue_id', 'rocketmq.queue_offset', 'rocketmq.group', 'tls.next_protocol',
  'tls.cipher', 'tls.server.not_after', 'db.system.name', 'db.operation.name', 'rpc.system',
  'rpc.method'];

/** The columns that a protocol's calls have of their own. */
const byProtocol = {
  Kafka: ['kafka.topic', 'kafka.partition', 'kafka.offset', 'kafka.group'],
  MQTT: ['mqtt.topic', 'mqtt.qos', 'mqtt.client_id'],
  AMQP: ['amqp.exchange', 'amqp.routing_key', 'amqp.queue'],
  NATS: ['nats.subject', 'nats.stream', 'nats.consumer', 'nats.queue_group'],
  RocketMQ: ['rocketmq.topic', 'rocketmq.queue_id', 'rocketmq.queue_offset', 'rocketmq.group'],
  MongoDB: ['mongodb.collection'],
  TLS: ['tls.next_protocol', 'tls.cipher', 'tls.server.subject', 'tls.server.not_after'],
  gRPC: ['messages'], Triple: ['messages'],
};

/** Columns of what calls of any protocol may be, where one of those shown is. */
const byFamily = {
  gen_ai: ['gen_ai.request.model', 'gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens'],
  graphql: ['graphql.operation.type', 'graphql.operation.name'],
};

/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const grpcStatus = ['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED',
  'NOT_FOUND', 'ALREADY_EXISTS', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION',
  'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS',
  'UNAUTHENTICATED'];

/** A protocol's own code, by its name where it has one. */
export function codeName(protocol, code) {
  if (code === null || code === undefined) return '';
  return ['gRPC', 'Triple'].includes(protocol) && grpcStatus[code]
    ? `${grpcStatus[code]} (${code})` : String(code);
}

/** The attributes of a call: name to value. */
const attributesOf = ({ attribute_names: names, attribute_values: values }) =>
  new Map((names ?? []).map((name, index) => [name, values[index]]));

/** An attribute's name in words; one that is not known as it is written, without its family. */
export function attributeLabel(name) {
  return labels.get(name) ?? name.replace(/^[a-z_]+\./, '').replaceAll(/[._]/g, ' ');
}

/**
 * The attributes of a call by what they are about, in the order in which people ask for them.
 * @returns {Array<[string, Array<[string, string, string]>]>} title, then name, label and value
 */
export function factGroups(call) {
  const given = [...attributesOf(call)];
  const place = (name) => [...labels.keys()].indexOf(name) >>> 0;
  const familyOf = (name) => families.find(([start]) => name.startsWith(`${start}.`))?.[1] ?? 'Others';
  const groups = Map.groupBy(given.sort(([a], [b]) => place(a) - place(b)), ([name]) =>
    familyOf(name));
  return [...groups].map(([title, list]) =>
    [title, list.map(([name, value]) => [name, attributeLabel(name), value])]);
}

/** What went to and fro in a call that is a stream; empty where it is none. */
export function messages({ request_messages: sent, response_messages: received }) {
  return Number(sent) || Number(received) ? `${count(Number(sent))} → ${count(Number(received))}` : '';
}

/** A call's own facts in few words. */
export function factsInShort(row) {
  const given = attributesOf(row);
  const found = telling.filter((name) => given.has(name)).slice(0, 4).map((name) =>
    `${attributeLabel(name).toLowerCase()} ${given.get(name)}`);
  const stream = messages(row);
  return [stream && `messages ${stream}`, ...found].filter(Boolean).join(' · ');
}

/** The columns that calls of a protocol have besides those of all, and those that the rows call for. */
export function factColumns(protocol, rows) {
  const names = [...byProtocol[protocol] ?? []];
  for (const [family, list] of Object.entries(byFamily)) {
    const has = rows.some((row) => row.attribute_names?.some((name) => name.startsWith(family)));
    if (protocol && has) names.push(...list);
  }
  return names.map((name) => name === 'messages'
    ? { id: name, title: 'Messages', value: messages, sort: null,
      about: 'Sent by the client → by the server' }
    : { id: name, title: attributeLabel(name), sort: null, about: name,
      value: (row) => attributesOf(row).get(name) ?? '',
      show: (row) => make('span.mono', { title: attributesOf(row).get(name) ?? '' },
        attributesOf(row).get(name) ?? '') });
}
