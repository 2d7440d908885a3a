import { defineConfig } from 'vitest/config';

const times = { testTimeout: 60_000, hookTimeout: 600_000 };

/** The suites that say what a service answers run once for each backend. */
const services = (backend: string) => ({
  test: { name: backend, include: ['test/services/**/*.test.ts'], env: { BACKEND: backend }, ...times },
});

export default defineConfig({
  test: {
    // Machines of the guest tests take a core each.
    maxWorkers: 2,
    projects: [
      {
        test: { name: 'library', include: ['test/**/*.test.ts'], exclude: ['test/browser/**'], ...times },
      },
      services('host'),
      services('workers'),
      services('auto'),
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: 'test/browser/support/build_page.ts',
          // A page's machine takes a core, and its browser most of another.
          fileParallelism: false,
          ...times,
        },
      },
    ],
  },
});
