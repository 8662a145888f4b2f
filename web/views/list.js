// SPDX-License-Identifier: Apache-2.0

import { calls } from './calls.js';
import { sqlConsole } from './console.js';
import { coverage } from './coverage.js';
import { endpoints } from './endpoints.js';
import { flows } from './flows.js';
import { map } from './map.js';
import { network } from './network.js';
import { services } from './services.js';
import { trace } from './trace.js';
import { traces } from './traces.js';

/**
 * Every page, in the order of the head: {path, title, load, mount}. A new one is a line here.
 *
 * `mount(element, tools)` draws the frame and gives a function that shows what `load(parameters)` read.
 * The frame stays while data comes and goes, so nothing flickers.
 */
export const views = [services, endpoints, map, network, calls, traces, trace, flows, coverage,
  sqlConsole];
