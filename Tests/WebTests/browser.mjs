// SPDX-License-Identifier: Apache-2.0

// What the modules of the UI find in a browser, as far as they need it to be loaded and asked.

Map.groupBy ??= (items, key) => {
  const groups = new Map();
  let index = 0;
  for (const item of items) {
    const name = key(item, index);
    index += 1;
    if (groups.has(name)) groups.get(name).push(item);
    else groups.set(name, [item]);
  }
  return groups;
};

/** The history of the one tab that there is. */
export const tab = { entries: [{ hash: '', state: null }], at: 0 };

const here = () => tab.entries[tab.at];
globalThis.location = { get hash() { return here().hash; }, hostname: 'localhost' };
globalThis.history = {
  get state() { return here().state; },
  pushState: (state, _, hash) => {
    tab.entries.splice(tab.at + 1, Infinity, { hash, state });
    tab.at += 1;
  },
  replaceState: (state, _, hash) => { tab.entries[tab.at] = { hash, state }; },
};
globalThis.matchMedia = () => ({ matches: false });
globalThis.dispatchEvent = () => true;
globalThis.addEventListener = () => {};
globalThis.document = { getElementById: () => null };
