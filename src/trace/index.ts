/** Watching a device: its requests, its rings, its sessions, and traces of them as files. */
export type { Chain } from './chain.ts';
export { queueName, toChromeTrace } from './chrome_trace.ts';
export { decodeRequest, type Field, type Summary, sessionName, summarise, withoutKeys } from './decode.ts';
export { fromJsonLines, TraceFileError, toJsonLines } from './files.ts';
export { GuestView } from './guest_view.ts';
export type { TracedBuffer, TracedDescriptor, TracedRequest } from './request.ts';
export { type RingDescriptor, type RingSnapshot, ringSnapshot } from './ring.ts';
export { DeviceTracer, type SessionInfo, type TracerOptions } from './tracer.ts';
