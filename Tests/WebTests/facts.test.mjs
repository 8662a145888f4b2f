// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';
import './browser.mjs';
import { attributeLabel, codeName, factColumns, factGroups,
  factsInShort } from '../../web/parts/facts.js';

const call = (attributes, rest = {}) => ({ attribute_names: Object.keys(attributes),
  attribute_values: Object.values(attributes), request_messages: 0, response_messages: 0, ...rest });

test('a call is told in few words by what its protocol says', () => {
  assert.equal(factsInShort(call({ 'kafka.group': 'billing', 'kafka.topic': 'orders',
    'kafka.partition': '3', 'kafka.offset': '1024' })), 'partition 3 · offset 1024 · group billing');
  assert.equal(factsInShort(call({ 'gen_ai.request.model': 'm-1', 'gen_ai.usage.input_tokens': '12',
    'gen_ai.usage.output_tokens': '80' })), 'model m-1 · tokens in 12 · tokens out 80');
  assert.equal(factsInShort(call({}, { request_messages: 1, response_messages: 250 })),
    'messages 1 → 250');
  assert.equal(factsInShort({}), '');
});

test('a status of gRPC has its name, a code of HTTP is a number', () => {
  assert.equal(codeName('gRPC', 5), 'NOT_FOUND (5)');
  assert.equal(codeName('gRPC', 99), '99');
  assert.equal(codeName('HTTP', 404), '404');
  assert.equal(codeName('gRPC', null), '');
});

test('calls of one protocol have columns of their own, those of all have none', () => {
  const ids = (protocol, rows = []) => factColumns(protocol, rows).map(({ id }) => id);
  assert.deepEqual(ids('Kafka'), ['kafka.topic', 'kafka.partition', 'kafka.offset', 'kafka.group']);
  assert.deepEqual(ids('gRPC'), ['messages']);
  assert.deepEqual(ids(null), []);
  assert.deepEqual(ids('HTTP'), []);
  assert.deepEqual(ids('HTTP', [call({ 'gen_ai.request.model': 'm' })]),
    ['gen_ai.request.model', 'gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens']);
});

test('attributes stand in groups, in order, under names that people know', () => {
  const groups = factGroups(call({ 'tls.cipher': 'X', 'kafka.offset': '7', 'kafka.topic': 't',
    'made.up_name': '1' }));
  assert.deepEqual(groups.map(([title, list]) => [title, list.map(([, label]) => label)]).sort(),
    [['Kafka', ['Topic', 'Offset']], ['Others', ['up name']], ['TLS', ['Cipher']]]);
  assert.equal(attributeLabel('dubbo.service_version'), 'service version');
});
