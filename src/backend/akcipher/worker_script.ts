// The script of workers that run requests of the AKCIPHER service, bundled by scripts/build-worker.mjs.
import { expose } from '../workers/expose.ts';
import { akcipherControl } from './worker.ts';

expose(akcipherControl);
