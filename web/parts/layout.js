// SPDX-License-Identifier: Apache-2.0

/** Sizes of the drawing, in pixels of an unscaled one. */
export const card = { width: 172, height: 52, column: 420, gap: 34, margin: 30 };

/** The same where there are more names than can be read with their figures. */
export const small = { width: 172, height: 34, column: 320, gap: 10, margin: 20, beside: 26 };

/** Names from which the small sizes hold. */
const many = 40;

/** Width by height that a drawing of many names is given. */
const aspect = 2.2;

/**
 * Where things stand: callers at the left, what they call to the right of them. The same names and
 * edges always give the same drawing, whatever their figures are.
 * @param {Array<{client, server}>} edges
 * @returns {{places: Map<string, {x, y}>, via: Map<string, Array<{x, y}>>, width, height, card}}
 *   centres of the left sides; via has the points that an edge over several columns goes through;
 *   card the sizes that were used
 */
export function layout(edges) {
  const names = [...new Set(edges.flatMap(({ client, server }) => [client, server]))].sort();
  return names.length > many ? packed(names, edges) : spread(names, edges);
}

function spread(names, edges) {
  const forward = acyclic(names, edges);
  const layers = layered(names, forward);
  const { columns, chains } = withWaypoints(names, forward, layers);
  order(columns, chains);
  const heights = closedUp(place(columns, chains));
  const at = (item, column) => ({ x: card.margin + column * card.column, y: heights.get(item) });
  const top = Math.min(...heights.values()) - card.height - card.margin;
  for (const [item, y] of heights) heights.set(item, y - top);
  const places = new Map(names.map((name) => [name, at(name, layers.get(name))]));
  const via = new Map();
  for (const chain of chains) {
    if (chain.length < 3) continue;
    const first = layers.get(chain[0]);
    via.set(edgeKey(chain[0], chain.at(-1)),
      chain.slice(1, -1).map((item, index) => at(item, first + 1 + index)));
  }
  const loops = edges.some(({ client, server }) =>
    client === server && layers.get(client) === columns.length - 1);
  return {
    places, via, card,
    width: card.margin * 2 + (columns.length - 1) * card.column + card.width
      + (loops ? card.column - card.width : 0),
    height: Math.max(...heights.values()) + card.height + card.margin,
  };
}

/**
 * Many names: columns without the points that lines go through, each as many columns side by side as
 * give the drawing the shape of a window.
 */
function packed(names, edges) {
  const forward = acyclic(names, edges);
  const { columns, chains } = withWaypoints(names, forward, layered(names, forward));
  order(columns, chains);
  const lists = columns.map((column) => column.filter((item) => typeof item === 'string'));
  const step = small.height + small.gap;
  const widthOf = (rows) => lists.reduce((sum, list) =>
    sum + Math.ceil(list.length / rows) * (small.width + small.beside), 0)
    + (lists.length - 1) * (small.column - small.width);
  let rows = 1;
  while (rows < names.length && widthOf(rows) > rows * step * aspect) rows += 1;
  const places = new Map();
  let left = small.margin;
  for (const list of lists) {
    const beside = Math.max(1, Math.ceil(list.length / rows));
    const each = Math.ceil(list.length / beside);
    list.forEach((name, index) => places.set(name, {
      x: left + Math.floor(index / each) * (small.width + small.beside),
      y: small.margin + (index % each + (rows - each) / 2 + 0.5) * step,
    }));
    left += beside * (small.width + small.beside) + small.column - small.width;
  }
  return { places, via: new Map(), card: small,
    width: left - (small.column - small.width) + small.margin,
    height: rows * step + small.margin * 2 };
}

export function edgeKey(client, server) {
  return `${client}\n${server}`;
}

/** The edges without those that close a circle, and without calls to oneself. */
function acyclic(names, edges) {
  const targets = new Map(names.map((name) => [name, []]));
  const called = new Set();
  for (const { client, server } of edges) {
    if (client === server) continue;
    targets.get(client).push(server);
    called.add(server);
  }
  const forward = [];
  const state = new Map();
  const visit = (name) => {
    state.set(name, 'open');
    for (const target of [...new Set(targets.get(name))].sort()) {
      if (state.get(target) === 'open') continue;
      forward.push([name, target]);
      if (!state.has(target)) visit(target);
    }
    state.set(name, 'done');
  };
  for (const name of names.filter((each) => !called.has(each))) visit(name);
  for (const name of names) if (!state.has(name)) visit(name);
  return forward;
}

/** The column of each name: right of all that call it; pure callers next to what they call. */
function layered(names, forward) {
  const layers = new Map(names.map((name) => [name, 0]));
  for (let moved = true; moved;) {
    moved = false;
    for (const [client, server] of forward) {
      if (layers.get(server) > layers.get(client)) continue;
      layers.set(server, layers.get(client) + 1);
      moved = true;
    }
  }
  const called = new Set(forward.map(([, server]) => server));
  for (const name of names.filter((each) => !called.has(each))) {
    const next = forward.filter(([client]) => client === name).map(([, to]) => layers.get(to));
    if (next.length) layers.set(name, Math.min(...next) - 1);
  }
  return layers;
}

/** Columns of names, with a waypoint in each column that an edge crosses. */
function withWaypoints(names, forward, layers) {
  const columns = Array.from({ length: Math.max(...layers.values()) + 1 }, () => []);
  for (const name of names) columns[layers.get(name)].push(name);
  const chains = forward.map(([client, server]) => {
    const chain = [client];
    for (let at = layers.get(client) + 1; at < layers.get(server); at += 1) {
      const waypoint = { client, server };
      columns[at].push(waypoint);
      chain.push(waypoint);
    }
    return [...chain, server];
  });
  return { columns, chains };
}

function neighbours(chains) {
  const found = new Map();
  const add = (from, to) => found.set(from, [...(found.get(from) ?? []), to]);
  for (const chain of chains) {
    for (let index = 1; index < chain.length; index += 1) {
      add(chain[index - 1], chain[index]);
      add(chain[index], chain[index - 1]);
    }
  }
  return found;
}

/** Sorts each column by the mean place of what it is joined to, so that few edges cross. */
function order(columns, chains) {
  const near = neighbours(chains);
  for (let round = 0; round < 8; round += 1) {
    const rank = new Map(columns.flatMap((column) =>
      column.map((item, index) => [item, (index + 0.5) / column.length])));
    const column = round % 2 ? columns.length - 1 : 0;
    const turns = columns.map((_, index) => Math.abs(column - index));
    for (const index of turns) {
      const weight = new Map(columns[index].map((item) => [item, mean(near.get(item), rank)]));
      columns[index].sort((a, b) => weight.get(a) - weight.get(b));
      columns[index].forEach((item, at) => rank.set(item, (at + 0.5) / columns[index].length));
    }
  }
}

/** Heights: near the mean of what an item is joined to, without touching the one above. */
function place(columns, chains) {
  const near = neighbours(chains);
  const heights = new Map();
  for (const column of columns) {
    column.forEach((item, index) => heights.set(item, index * (card.height + card.gap)));
  }
  for (let round = 0; round < 8; round += 1) {
    for (const column of round % 2 ? [...columns].reverse() : columns) {
      const wanted = column.map((item) => mean(near.get(item), heights) ?? heights.get(item));
      let above = -Infinity;
      const got = wanted.map((y) => (above = Math.max(y, above + card.height + card.gap)));
      const shift = got.reduce((sum, y, index) => sum + wanted[index] - y, 0) / column.length;
      column.forEach((item, index) => heights.set(item, got[index] + shift));
    }
  }
  return heights;
}

/** The same heights without bands that nothing stands in. */
function closedUp(heights) {
  const step = card.height + card.gap;
  let last = null;
  let spare = 0;
  const closed = new Map();
  for (const [item, y] of [...heights].sort((a, b) => a[1] - b[1])) {
    if (last !== null) spare += Math.max(0, y - last - step);
    closed.set(item, y - spare);
    last = y;
  }
  return closed;
}

function mean(items, values) {
  if (!items?.length) return 0;
  return items.reduce((sum, item) => sum + values.get(item), 0) / items.length;
}
