import type { Plugin } from 'vite';

/** Never changes its name, and is the browser's to keep. */
const SERVICE_WORKER = 'service_worker.js';

/** Lists the page's files in offline.json, relative to the page, for its service worker to keep (web/service-worker/offline.ts). */
export const offline = (): Plugin => ({
  name: 'offline',
  apply: 'build',
  // After the plugins that add files.
  enforce: 'post',
  generateBundle(_options, bundle) {
    const files = Object.keys(bundle).filter((file) => file !== SERVICE_WORKER && file !== 'index.html');
    this.emitFile({ type: 'asset', fileName: 'offline.json', source: JSON.stringify(['./', ...files.sort()]) });
  },
});
