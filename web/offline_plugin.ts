import type { Plugin } from 'vite';

/** Its name never changes, and the browser itself keeps it. */
const SERVICE_WORKER = 'service_worker.js';

/** Lists the page's files in offline.json, relative to the page. The service worker keeps them (web/service-worker/offline.ts). */
export const offline = (): Plugin => ({
  name: 'offline',
  apply: 'build',
  // Runs after the plugins that add files.
  enforce: 'post',
  generateBundle(_options, bundle) {
    const files = Object.keys(bundle).filter((file) => file !== SERVICE_WORKER && file !== 'index.html');
    this.emitFile({ type: 'asset', fileName: 'offline.json', source: JSON.stringify(['./', ...files.sort()]) });
  },
});
