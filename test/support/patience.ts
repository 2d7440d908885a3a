/** How long tests wait for what a thread does, on a machine that has much else to do: for vi.waitFor() and expect.poll(). */
export const PATIENCE = { timeout: 120_000 };
