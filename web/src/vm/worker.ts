import { expose } from 'comlink';
import { VmHost } from './host.ts';

expose(new VmHost());
