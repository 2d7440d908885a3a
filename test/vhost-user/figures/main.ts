// Figures of docs/vhost-user.md: npm run bench:vhost-user -- speed | steady | qemu | dpdk
const FIGURES: Record<string, () => Promise<unknown>> = {
  speed: () => import('./speed.ts'),
  steady: () => import('./steady.ts'),
  qemu: () => import('./qemu.ts'),
  dpdk: () => import('./dpdk.ts'),
};
const [, , name = 'speed'] = process.argv;
const figure = FIGURES[name];
if (figure) await figure();
else {
  console.error(`There are no figures of ${name}: give ${Object.keys(FIGURES).join(', ')}.`);
  process.exitCode = 2;
}
