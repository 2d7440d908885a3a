import type { Outcome } from '../../../lab/index.ts';

/** What a scenario has to work with. */
export interface GuestStage {
  /** Runs a shell command in the guest, and notes whether its status is 0. Rejects if the guest does not answer in time. */
  step(what: string, command: string): Promise<boolean>;
  /** Loads the guest's driver, and waits for the verdict of the kernel's self-test. */
  load(): Promise<boolean>;
  /** Encrypts and decrypts bytes by AF_ALG on the driver, and compares. */
  roundTrip(bytes: number): Promise<boolean>;
}

/** A course of events in a Linux guest. */
export interface GuestScenario {
  /** What happens: it completes the sentence "The driver ...". */
  about: string;
  section: string;
  /** Outcomes of a correct driver besides those of the fault. */
  outcomes?: readonly Outcome[];
  run(stage: GuestStage): Promise<void>;
}

const VIRTIO = '/sys/bus/virtio/drivers/virtio_crypto';
/** The device in the bus, by vendor and device id. */
export const PCI_DEVICE = 'd=$(grep -l 0x1054 /sys/bus/pci/devices/*/device | head -1); d=$(dirname $d)';

/** Encrypts and decrypts by AF_ALG in the background, so that requests are in flight. */
const BUSY =
  'printf 0123456789abcdef > /tmp/k; (while head -c 100000 /dev/zero | kcapi-enc -e -q -c virtio_crypto_aes_cbc ' +
  `--iv ${'00'.repeat(16)} --keyfd 3 3< /tmp/k > /dev/null 2>&1; do :; done) > /dev/null 2>&1 & sleep 0.2`;

/** The scenarios of a Linux guest, by name. */
export const GUEST_SCENARIOS = {
  'guest-self-test': {
    about: "is loaded, and goes through the kernel's self-test",
    section: '3.1.1',
    run: async ({ load }) => void (await load()),
  },
  'guest-af-alg': {
    about: 'encrypts and decrypts for AF_ALG, from 16 bytes to 200,000',
    section: '5.9.7.6',
    run: async ({ load, roundTrip }) => {
      await load();
      for (const bytes of [16, 4096, 65_536, 200_000]) await roundTrip(bytes);
    },
  },
  'guest-reload': {
    about: 'is unloaded and loaded again twice',
    section: '2.4',
    run: async ({ load, roundTrip, step }) => {
      await load();
      for (let round = 0; round < 2; round++) {
        await step('rmmod virtio_crypto', 'rmmod virtio_crypto');
        await load();
        await roundTrip(4096);
      }
    },
  },
  'guest-bind': {
    about: 'is unbound from the device and bound to it again',
    section: '3.1.1',
    run: async ({ load, roundTrip, step }) => {
      await load();
      await step('unbind', `n=$(basename $(ls -d ${VIRTIO}/virtio*)); echo $n > /tmp/name; echo $n > ${VIRTIO}/unbind`);
      await step('bind', `echo $(cat /tmp/name) > ${VIRTIO}/bind`);
      await roundTrip(4096);
    },
  },
  'guest-removal': {
    about: 'loses the device while a process encrypts',
    section: '3.3.1',
    outcomes: ['gave up'],
    run: async ({ load, step }) => {
      await load();
      await step('a process that encrypts', BUSY);
      await step('the device is taken out', `${PCI_DEVICE}; echo 1 > $d/remove`);
    },
  },
} as const satisfies Record<string, GuestScenario>;

export type GuestScenarioName = keyof typeof GUEST_SCENARIOS;
