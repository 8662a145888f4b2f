// SPDX-License-Identifier: Apache-2.0

// Memory first: what later measurements free would be reused, and not be seen to grow.
print(idleMemory())
print(steadyGrowth())
print(measure())
