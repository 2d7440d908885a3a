/** The policy that the page's host has to send, so that v86 and the device's workers are allowed. */
export const WORKER_POLICY = "worker-src 'self' blob:";

/** The page's content security policy forbids workers that the machine needs. */
export class PolicyError extends Error {
  override name = 'PolicyError';
}

/**
 * Starts and ends a worker from a blob: URL, as v86 does. v86 waits for its next turn in such a worker. If a content security policy
 * blocks the worker, the machine would stand still without a message.
 * @throws PolicyError with the remedy
 */
export async function checkBlobWorkers(): Promise<void> {
  const url = URL.createObjectURL(new Blob(['postMessage(0)'], { type: 'text/javascript' }));
  let worker: Worker | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      worker = new Worker(url);
      worker.onmessage = () => resolve();
      worker.onerror = (event) => {
        event.preventDefault();
        reject(event);
      };
    });
  } catch {
    throw new PolicyError(
      `The page’s content security policy blocks workers from blob: URLs, and v86 runs its clock in one: the page’s host must send “${WORKER_POLICY}” in its Content-Security-Policy. docs/browsers.md has a whole policy.`,
    );
  } finally {
    worker?.terminate();
    URL.revokeObjectURL(url);
  }
}
