import { lacks } from './ui/support.ts';

/** Features that the browser or the server lacks, each with its remedy. Shows nothing if all is well. */
export function Notices() {
  return (
    <>
      {lacks().map(({ what, remedy, fatal }) => (
        <div key={what} class={fatal ? 'notice error' : 'notice'} role={fatal ? 'alert' : 'status'}>
          <p>{what}</p>
          <p>{remedy}</p>
        </div>
      ))}
    </>
  );
}
