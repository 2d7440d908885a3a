import { defineConfig } from 'vitest/config';
import { PATIENCE } from './test/support/patience.ts';
import { suitesThatReach } from './test/support/suites.ts';

const { NIGHTLY } = process.env;
/**
 * Flags of V8, which a process takes at its start alone: a collection of garbage on demand; relaxed SIMD, which Node 20's V8 has
 * behind a flag, for those suites that run both builds of the engine, or of the kernel for big numbers; and what the demo starts itself with, for Linux guests.
 */
const EXPOSE_GC = ['--expose-gc'];
const RELAXED_SIMD = Number.parseInt(process.versions.node, 10) > 20 ? [] : ['--experimental-wasm-relaxed-simd'];
const OPTIMISE_AT_ONCE = ['--no-liftoff'];
/** Suites that run with such flags, each a project of its own. */
const ENGINE_SUITES = [
  'test/engine/**/*.test.ts',
  'test/kernels/**/*.test.ts',
  ...['rsa', 'ecdsa', 'curve_arithmetic'].map((name) => `test/akcipher/${name}.test.ts`),
];
/** Suites that boot a dozen guests. */
const BY_NIGHT = NIGHTLY ? [] : ['test/qemu/matrix.test.ts'];
/** IPsec of Linux, whose newer kernels run by night, too. */
const XFRM = 'test/qemu/xfrm.test.ts';
const NEWER_KERNELS = NIGHTLY ? ['6.12', '7.2'] : [];
const LINUX_SUITES = ['test/guest/**/*.test.ts'];
/** Suites that fetch the source of Debian's kernel, 139 MB, or another kernel, 46 MB. */
const LINUX_BY_NIGHT = NIGHTLY ? [] : ['built_module', 'older_kernel'].map((name) => `test/guest/${name}.test.ts`);

/** What all projects have. Limits are for what stands still: a machine that has much else to do may take long. */
const SETUP = 'test/support/bytes_at_once.ts';
const LOADED_WORKERS = 'test/support/loaded_workers.ts';
const common = { setupFiles: [SETUP], testTimeout: 600_000, hookTimeout: 900_000, expect: { poll: PATIENCE } };

/** Suites that leave nothing behind share a process, and what they import is loaded there once: the library, or a compiler. */
const oneProcess = { isolate: false };

/** They say themselves which backends they are about. */
const ONCE = ['test/services/mixed_batches.test.ts'];

/** Suites that say what a guest finds, whatever the backend: they run once for each, if they get to see it. */
const withBackend = (backend: string, ...helpers: string[]) => ({
  test: {
    name: backend,
    include: suitesThatReach(...helpers),
    exclude: ONCE,
    env: { BACKEND: backend },
    ...oneProcess,
    ...common,
    setupFiles: [SETUP, LOADED_WORKERS],
  },
});
/** What makes devices with the backend of the run. */
const BENCH = 'test/support/bench.ts';
/** Rigs look at results as soon as a notification has returned: of workers they know nothing. */
const RIG = 'test/support/rig.ts';

/** The host's cryptography in a browser. It answers after the notification: suites that look at once are left out. */
const webcrypto = {
  ...withBackend('host', BENCH).test,
  include: ['test/services/**/*.test.ts', 'test/driver/**/*.test.ts'],
  name: 'webcrypto',
  setupFiles: [SETUP, 'test/support/without_node_crypto.ts', LOADED_WORKERS],
};

/**
 * Workers that serve requests in a guest memory which threads share. At night with all services, and with the faults of workers: each
 * that hangs is waited for there.
 */
const shared = {
  ...withBackend('workers', BENCH).test,
  include: [
    'test/driver/**/*.test.ts',
    'test/backend/{exchange,overlaps,scattered,workers}.test.ts',
    ...(NIGHTLY ? ['test/services/**/*.test.ts', 'test/backend/faults.test.ts'] : []),
  ],
  name: 'shared',
  env: { BACKEND: 'workers', GUEST_MEMORY: 'shared' },
};

/**
 * Suites that look for keys in the engine's memory, which is not the guest's then, that have the guest's memory grow, or that choose the
 * kind of memory themselves.
 */
const IN_THE_ENGINE = ['sessions', 'statistics', 'removal', 'regions'].map((name) => `test/device/${name}.test.ts`);

/** Guest memory that is foreign: what a guest finds is the same. */
const foreign = {
  ...withBackend('inline', BENCH, RIG).test,
  exclude: [...ONCE, ...IN_THE_ENGINE],
  include: suitesThatReach(BENCH, RIG).filter((suite) => /^test.(device|services|conformance)/.test(suite)),
  name: 'foreign',
  env: { GUEST_MEMORY: 'foreign' },
};

/**
 * What a guest finds of the services is the same where messages, events and mapped memory of vhost-user lie between it and the device: some
 * of the suites by day, all at night. A client is not asked whether it likes the features, so offers are left out.
 */
const vhostUser = {
  ...withBackend('inline', BENCH).test,
  include: [
    `test/services/${NIGHTLY ? '**/*' : '{aes,chain_sums,device_life,empty_requests,hash,mixed_batches,vectors}'}.test.ts`,
  ],
  exclude: ['test/services/offers.test.ts'],
  name: 'vhost-user',
  env: { GUEST_MEMORY: 'vhost-user' },
};

export default defineConfig({
  test: {
    // Machines of the guest tests take a core each.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'library',
          include: ['test/**/*.test.ts'],
          exclude: ['test/browser/**', 'test/package/**', ...ENGINE_SUITES, ...LINUX_SUITES, ...BY_NIGHT],
          execArgv: EXPOSE_GC,
          ...common,
        },
      },
      { test: { name: 'engine', include: ENGINE_SUITES, execArgv: RELAXED_SIMD, ...oneProcess, ...common } },
      { test: { name: 'package', include: ['test/package/**/*.test.ts'], ...common } },
      {
        test: {
          name: 'guest',
          include: LINUX_SUITES,
          exclude: LINUX_BY_NIGHT,
          execArgv: OPTIMISE_AT_ONCE,
          globalSetup: 'test/support/boot_guest.ts',
          ...common,
          testTimeout: 900_000,
        },
      },
      ...NEWER_KERNELS.map((kernel) => ({
        test: { name: `linux ${kernel}`, include: [XFRM], env: { XFRM_KERNEL: kernel }, ...common },
      })),
      withBackend('host', BENCH, RIG),
      { test: webcrypto },
      withBackend('workers', BENCH),
      withBackend('auto', BENCH),
      { test: shared },
      { test: foreign },
      { test: vhostUser },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: 'test/browser/support/build_page.ts',
          ...common,
        },
      },
    ],
  },
});
