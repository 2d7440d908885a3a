import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import headers from './headers.json' with { type: 'json' };
import { lessons } from './lessons_plugin.ts';
import { offline } from './offline_plugin.ts';

/** The headers that a host should send with the page. docs/browsers.md says why. */
const { 'Content-Security-Policy': policy, ...isolation } = headers;

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Writes the engine's binaries as hexadecimal digits. gzip makes them a fifth smaller than base64, in which bytes begin anywhere. */
const hexadecimalEngine = (): Plugin => ({
  name: 'hexadecimal-engine',
  enforce: 'pre',
  transform: {
    filter: { id: /src\/engine\/binary\w*\.ts$/ },
    handler: (code) =>
      code.replace(/'[\w+/=]*'(?:\s*\+\s*'[\w+/=]*')+/, (expression) => {
        const base64 = expression.slice(1, -1).replaceAll(/'\s*\+\s*'/g, '');
        const hex = Buffer.from(base64, 'base64').toString('hex');
        return `btoa('${hex}'.replace(/../g, (digits) => String.fromCharCode(Number.parseInt(digits, 16))))`;
      }),
  },
});

/** Leaves out the scripts of the library's own workers, because the page starts all workers itself. */
const withoutWorkerSources = (): Plugin => ({
  name: 'without-worker-sources',
  enforce: 'pre',
  transform: {
    filter: { id: /src\/backend\/\w+\/worker_source\.ts$/ },
    handler: (code) => code.replace(/(: string = ).*;/, "$1'';"),
  },
});

export default defineConfig({
  root: path('.'),
  // The folder must work wherever a static host puts it.
  base: './',
  // scripts/web-guest.mjs puts the guest's files here.
  publicDir: path('../build/web-public'),
  // The development server puts scripts of Vite's own into the page.
  server: { headers: isolation, port: 8086 },
  preview: { headers: { ...isolation, 'Content-Security-Policy': policy }, port: 8086 },
  // v86 is a separate file, because it has its own budget of bytes.
  plugins: [hexadecimalEngine(), lessons(), offline()],
  worker: {
    format: 'es',
    plugins: () => [hexadecimalEngine(), withoutWorkerSources()],
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'v86', test: /node_modules\/v86/ }] } } },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: path('../build/web'),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    // v86 is one file of 360 kB.
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      input: { index: path('index.html'), service_worker: path('service-worker/service_worker.ts') },
      // A service worker serves the folder that it is in. Its name must not change.
      output: { entryFileNames: ({ name }) => (name === 'service_worker' ? '[name].js' : 'assets/[name]-[hash].js') },
    },
  },
});
