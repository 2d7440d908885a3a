/**
 * How long tests wait for what a thread does, on a machine that has much else to do: for expect.poll(), by the configuration, and for
 * vi.waitFor().
 */
export const PATIENCE = { timeout: 240_000 };
