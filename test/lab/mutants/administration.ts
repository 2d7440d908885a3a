// Drivers with one planted bug each, in their administration commands (virtio 1.4, 2.12.1), and the rule that has to catch it.
import * as spec from '../../../spec/admin.ts';
import { IPSEC_RESOURCE_CAP, OUTBOUND_SA_TYPE, RESOURCE_CAP_BYTES } from '../../../spec/ipsec.ts';
import type { RuleName } from '../../../src/lab/index.ts';
import { OBJECT, ROOM, ready } from '../support/administered.ts';
import { type Bug, changed, type Stage } from '../support/mutant.ts';
import type { Mutant } from './mutant.ts';

/** A transport without a bug. The test passes no interrupts on, so the driver looks for answers after each notification. */
const polled: Bug = (transport, stage) =>
  changed(transport, {
    get adminQueues() {
      return transport.adminQueues ?? { index: 0, count: 0 };
    },
    notify: (index, data) => {
      transport.notify(index, data);
      queueMicrotask(() => stage.driver.poll());
    },
  });

const mutant = (rule: RuleName, name: string, run: (stage: Stage) => Promise<void>): Mutant => ({
  ...{ rule, name, bug: polled, bench: ROOM },
  run: async (stage) => {
    stage.driver.start();
    await run(stage);
  },
});

export const ADMINISTRATION_MUTANTS: readonly Mutant[] = [
  mutant('2.12.1.6-1', 'it asks for capabilities at once', async ({ driver }) => {
    await driver.admin.capabilityIds();
  }),
  mutant('2.12.1.6-2', 'it sends LIST_USE before another command is answered', async ({ driver, transport }) => {
    await driver.admin.useAll();
    // Opcode 0 is LIST_QUERY.
    const command = { readable: [new Uint8Array(spec.ADMIN_DATA)], writable: [2 * spec.ADMIN_RESULT] };
    await Promise.all([
      driver.submit({ queue: transport.adminQueues?.index ?? 0, ...command, hold: true }),
      driver.admin.listUse([spec.ADMIN_LIST_QUERY, spec.ADMIN_LIST_USE]),
    ]);
  }),
  mutant('2.12.1.6-3', 'it names commands without asking which there are', async ({ driver }) => {
    await driver.admin.listUse([spec.ADMIN_LIST_QUERY, spec.ADMIN_LIST_USE, spec.ADMIN_CAP_ID_LIST_QUERY]);
  }),
  mutant('2.12.1.6-4', 'it sends a command that it has left out of its list', async ({ driver }) => {
    await driver.admin.listQuery();
    await driver.admin.listUse([spec.ADMIN_LIST_QUERY, spec.ADMIN_LIST_USE]);
    await driver.admin.capabilityIds();
  }),
  mutant('2.12.1.2.5-1', 'it makes an object before it has set a capability', async ({ driver }) => {
    await driver.admin.useAll();
    await driver.admin.createObject(OUTBOUND_SA_TYPE, 0, OBJECT);
  }),
  mutant('2.12.1.2.5-2', 'it sets a capability while it has objects', async ({ driver }) => {
    await ready(driver);
    await driver.admin.createObject(OUTBOUND_SA_TYPE, 0, OBJECT);
    await driver.admin.setCapability(IPSEC_RESOURCE_CAP, new Uint8Array(RESOURCE_CAP_BYTES));
  }),
  mutant('2.12.1.3.6-1', 'it makes an object twice', async ({ driver }) => {
    await ready(driver);
    await driver.admin.createObject(OUTBOUND_SA_TYPE, 0, OBJECT);
    await driver.admin.createObject(OUTBOUND_SA_TYPE, 0, OBJECT);
  }),
  mutant('2.12.1.3.6-2', 'it queries an object that it has destroyed', async ({ driver }) => {
    await ready(driver);
    await driver.admin.createObject(OUTBOUND_SA_TYPE, 0, OBJECT);
    await driver.admin.destroyObject(OUTBOUND_SA_TYPE, 0);
    await driver.admin.queryObject(OUTBOUND_SA_TYPE, 0, OBJECT.length);
  }),
];
