import { SESSION, useSession } from './requests.ts';
import type { Scenario } from './scenario.ts';

const SESSIONS = 8;

/** Sessions that come and go, as IPsec's do when keys change. */
export const SESSION_CHURN: Scenario = {
  about: `makes a session, uses it once, and closes it, ${SESSIONS} times`,
  section: '5.9.7.2',
  run: async (stage) => {
    const { driver } = stage;
    for (let round = 0; round < SESSIONS; round++) {
      const session = await stage.session('a session', () => driver.createSession(SESSION));
      if (!session) continue;
      await useSession(stage, session.id);
      await stage.close('a session', () => driver.destroySession(session.id));
    }
  },
};
