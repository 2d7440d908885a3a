import { lacks } from './ui/support.ts';

/** What the browser or the server lacks, with the remedy; nothing when all is well. */
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
