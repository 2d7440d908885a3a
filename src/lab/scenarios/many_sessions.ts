import { SESSION, useSession } from './requests.ts';
import type { Scenario } from './scenario.ts';

const SESSIONS = 16;

/** Sessions of many users at once. */
export const MANY_SESSIONS: Scenario = {
  about: `opens ${SESSIONS} sessions, uses them in an order of chance, and closes them in another one`,
  section: '5.9.7.2',
  run: async (stage) => {
    const { driver, random } = stage;
    const open: bigint[] = [];
    for (let i = 0; i < SESSIONS; i++) {
      const session = await stage.session('a session', () => driver.createSession(SESSION));
      if (session) open.push(session.id);
    }
    for (let i = 0; i < SESSIONS; i++) {
      const id = open[random.below(open.length)];
      if (id !== undefined) await useSession(stage, id);
    }
    while (open.length > 0) {
      const [id] = open.splice(random.below(open.length), 1);
      if (id !== undefined) await stage.close('a session', () => driver.destroySession(id));
    }
  },
};
