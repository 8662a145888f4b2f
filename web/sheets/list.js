// SPDX-License-Identifier: Apache-2.0

import { agentsDrawer } from './agents.js';
import { callDrawer } from './call.js';
import { edgeDrawer, nodeDrawer } from './connections.js';
import { flowDrawer } from './flow.js';
import { lossesDrawer } from './losses.js';
import { serviceDrawer } from './service.js';
import { networkDrawer } from './traffic.js';

/** Every sheet of details, by what the address calls it. A new one is a line here. */
export const sheets = {
  service: serviceDrawer, edge: edgeDrawer, node: nodeDrawer, call: callDrawer,
  network: networkDrawer, flow: flowDrawer, losses: lossesDrawer, agents: agentsDrawer,
};
