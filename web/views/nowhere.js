// SPDX-License-Identifier: Apache-2.0

import { address, link } from '../frame/address.js';
import { make } from '../parts/dom.js';

/** What an address shows that names no page. */
export const nowhere = { title: 'No such page', load: async () => null, mount, isStill: true };

function mount(page) {
  page.replaceChildren(make('div.panel', {}, make('div.empty', {},
    make('p', {}, `There is no page “${address().path}”.`),
    make('p', {}, make('a', { href: link('services') }, 'Go to the services')))));
  return () => {};
}
