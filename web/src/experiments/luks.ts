import { signal } from '@preact/signals';
import { figure } from '../ui/format.ts';
import { Experiment, ExperimentError, loadDriver, unloadDriver } from './runner.ts';

const DISK = '/dev/ram0';
const VOLUME = '/dev/mapper/vault';
const MEBIBYTES = 16;
const OPTIONS = '--disable-locks --key-file /root/passphrase';
/** cryptsetup would wait for udev, which this guest does not have. */
const ENVIRONMENT = 'DM_DISABLE_UDEV=1';

/**
 * Clears CRYPTO_ALG_ALLOCATES_MEMORY (0x10000) of cra_flags, which comes before cra_blocksize (16) in the driver's data. Also removes the
 * mark of the module's signature, because Debian's kernel loads unsigned modules, but no module with a wrong signature.
 */
const PATCH =
  "perl -0777 -pe 's/\\x80\\x00\\x01\\x00(?=\\x10\\x00\\x00\\x00)/\\x80\\x00\\x00\\x00/; s/~Module signature appended~\\n\\z//' /lib/modules/virtio_crypto.ko > /root/virtio_crypto.ko";

export interface VolumeSpeeds {
  write: number;
  read: number;
}
export const luksResult = signal<{ software?: VolumeSpeeds; device?: VolumeSpeeds }>({});

/** A LUKS2 volume on a RAM disk. The kernel's software fills and reads it, then the device does, then the software reads it again. */
export const luks = new Experiment(async (experiment) => {
  luksResult.value = {};
  await prepare(experiment);
  await open(experiment);
  const software = await fillAndRead(experiment);
  luksResult.value = { software };
  await close(experiment);

  experiment.remark(
    'dm-crypt turns down drivers that may allocate memory for a request (CRYPTO_ALG_ALLOCATES_MEMORY), since the request may be what frees memory. virtio_crypto says that it does. Nothing swaps to this volume, so the flag may go, in a copy of the driver, and its signature with it:',
  );
  await experiment.run(PATCH);
  await experiment.run('insmod /root/virtio_crypto.ko');
  await open(experiment);
  const device = await fillAndRead(experiment);
  luksResult.value = { software, device };
  const written = await digest(experiment);
  await close(experiment);

  await unloadDriver(experiment);
  experiment.remark('The device is out of use now: the kernel’s software has to make sense of what the device wrote.');
  await open(experiment);
  const readBack = await digest(experiment);
  await close(experiment);
  experiment.remark('The driver as Debian ships it is loaded again, for what comes next:');
  await loadDriver(experiment);
  if (written !== readBack) throw new ExperimentError(`The data differ: written ${written}, read back ${readBack}.`);
  experiment.verdict(
    `What the device wrote, software reads. Writing: ${figure(device.write)} MB/s instead of ${figure(software.write)}; reading: ${figure(device.read)} instead of ${figure(software.read)}.`,
  );
});

async function prepare(experiment: Experiment): Promise<void> {
  await unloadDriver(experiment);
  await experiment.run(`if [ -e ${VOLUME} ]; then ${ENVIRONMENT} cryptsetup close --disable-locks vault; fi`);
  await experiment.run(
    `[ -e ${DISK} ] || insmod /lib/modules/brd.ko rd_nr=1 rd_size=32768; lsmod | grep -q ^dm_crypt || insmod /lib/modules/dm_crypt.ko`,
  );
  await experiment.run('mkdir -p /run/cryptsetup; echo -n "correct horse battery staple" > /root/passphrase');
  await experiment.run(
    `${ENVIRONMENT} cryptsetup luksFormat -q --type luks2 --cipher aes-cbc-plain64 --key-size 128 --sector-size 4096 ` +
      `--pbkdf pbkdf2 --pbkdf-force-iterations 1000 --luks2-metadata-size 16k --luks2-keyslots-size 256k ${OPTIONS} ${DISK}`,
  );
}

async function open(experiment: Experiment): Promise<void> {
  await experiment.run(`${ENVIRONMENT} cryptsetup open ${OPTIONS} ${DISK} vault`);
}

async function close(experiment: Experiment): Promise<void> {
  await experiment.run(`${ENVIRONMENT} cryptsetup close --disable-locks vault`);
}

async function fillAndRead(experiment: Experiment): Promise<VolumeSpeeds> {
  const write = await timed(experiment, `dd if=/dev/zero of=${VOLUME} bs=1M count=${MEBIBYTES} oflag=direct`);
  const read = await timed(experiment, `dd if=${VOLUME} of=/dev/null bs=1M count=${MEBIBYTES} iflag=direct`);
  return { write, read };
}

/** Megabytes a second, by the guest's own clock. */
async function timed(experiment: Experiment, command: string): Promise<number> {
  const { output } = await experiment.run(`time ${command}`, { timeoutMs: 120_000 });
  const match = /^real\s+(\d+)m ([\d.]+)s/m.exec(output);
  const seconds = Number(match?.[1]) * 60 + Number(match?.[2]);
  if (!(seconds > 0)) throw new ExperimentError('The guest’s clock measured no time: try again.');
  return (MEBIBYTES * 1024 * 1024) / seconds / 1e6;
}

async function digest(experiment: Experiment): Promise<string> {
  const { output } = await experiment.run(
    `dd if=${VOLUME} bs=1M count=${MEBIBYTES} iflag=direct 2>/dev/null | sha256sum`,
  );
  return output.trim();
}
