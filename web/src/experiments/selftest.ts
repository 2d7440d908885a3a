import { DEVICE_DRIVER } from '../../../src/guest/measure.ts';
import { selftestOf } from '../../../src/guest/proc-crypto.ts';
import { Experiment, ExperimentError, loadDriver, unloadDriver } from './runner.ts';

const ATTEMPTS = 20;

/** The kernel tests every driver with known answers before it offers the driver. */
export const selftest = new Experiment(async (experiment) => {
  await experiment.run('grep -h . /sys/bus/pci/devices/*/modalias | grep v00001AF4d00001054');
  experiment.remark('That is the device on the PCI bus: vendor 1af4 (virtio), device 1054 (0x1040 + 20, crypto).');
  await unloadDriver(experiment);
  await loadDriver(experiment);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { output } = await experiment.run(`grep -B1 -A10 'driver.*${DEVICE_DRIVER}' /proc/crypto`, { mayFail: true });
    const verdict = selftestOf(output, DEVICE_DRIVER);
    if (verdict === 'passed') {
      experiment.verdict(
        'The kernel’s self-test of the device passed: its answers are those of the kernel’s own tables.',
      );
      return;
    }
    await experiment.run('sleep 0.5');
  }
  throw new ExperimentError('The kernel has not let the driver pass. Its log may say why: type “dmesg | tail”.');
});
