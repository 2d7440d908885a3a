/** The part of a Content-Security-Policy that lets the page start the machine's worker and those of the device. */
export const WORKER_POLICY = "worker-src 'self'";
