/** Time that goes on only when the test says so. */
export { VirtualClock as FakeClock } from '../../src/lab/matrix/virtual_clock.ts';
