// A setup file of suites that share a process. What starts workers is loaded on demand: a suite that ends while a device loads it would leave
// a failed import behind, for all suites after it.
import '../../src/backend/akcipher/on_demand.ts';
import '../../src/backend/workers/pool.ts';
