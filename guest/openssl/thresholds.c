#include "thresholds.h"

#include <time.h>

#include "../driver/vcrypto.h"

/**
 * An emulator translates code once it has run for a while, and a busy host takes its time away at any moment. So software and device are
 * timed by turns, until no time has become shorter for a while.
 */
#define LEAST_US 40000.0
#define MOST_US 1500000.0
#define LEAST_ROUNDS 40
#define QUIET_ROUNDS 30
#define SHORTER 0.97
#define SMALL 64u
#define LARGE 1024u
/** The device must be faster by this much, so that a wrong measurement costs nothing. */
#define MARGIN 1.25
/** A session that is made for nothing may cost this part of the work before it. */
#define LOSS 0.08
#define CREDIT_MAX (1u << 24)
#define BYTES_MAX VC_TEXT_MAX

static const struct threshold NEVER = {UINT32_MAX, UINT32_MAX, UINT32_MAX};

static double now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static uint32_t clamped(double bytes) { return bytes <= 1 ? 1 : bytes >= BYTES_MAX ? UINT32_MAX : (uint32_t)bytes + 1; }

/** Times that are linear in the size: `fixed + each * bytes`. */
struct line {
  double fixed, each;
};

/** What is timed, and the shortest time so far in microseconds. */
struct clock {
  bool (*work)(void *state, uint32_t bytes);
  uint32_t bytes;
  double best;
};

/** Times the work once. Counts the rounds since a time became shorter. */
static bool tick(struct clock *clock, void *state, unsigned *quiet) {
  double start = now_us();
  if (!clock->work(state, clock->bytes)) return false;
  double taken = now_us() - start;
  if (clock->best == 0 || taken < clock->best * SHORTER) *quiet = 0;
  if (clock->best == 0 || taken < clock->best) clock->best = taken;
  return true;
}

static struct line line_of(const struct clock *small, const struct clock *large) {
  double each = large->best > small->best ? (large->best - small->best) / (LARGE - SMALL) : 0;
  double fixed = small->best - each * SMALL;
  return (struct line){.fixed = fixed > 0 ? fixed : 0, .each = each};
}

/** False: something failed, and nothing is known. */
static bool measure(const struct trial *trial, void *state, struct threshold *found) {
  struct clock clocks[] = {
      {trial->software, SMALL, 0},
      {trial->software, LARGE, 0},
      {trial->device, SMALL, 0},
      {trial->device, LARGE, 0},
  };
  double session = 0, start = now_us();
  unsigned quiet = 0;
  for (unsigned round = 0;; round++, quiet++) {
    double passed = now_us() - start;
    if (passed > MOST_US || (round >= LEAST_ROUNDS && quiet >= QUIET_ROUNDS && passed > LEAST_US)) break;
    for (unsigned i = 0; i < sizeof clocks / sizeof *clocks; i++) {
      if (!tick(&clocks[i], state, &quiet)) return false;
    }
    // A session costs more than a message: now and then is enough.
    if (round % 8 != 0) continue;
    double before = now_us();
    if (!trial->session(state)) return false;
    double taken = now_us() - before;
    if (session == 0 || taken < session) session = taken;
  }
  const struct line software = line_of(&clocks[0], &clocks[1]), device = line_of(&clocks[2], &clocks[3]);
  double gain = software.each - MARGIN * device.each;
  *found = NEVER;
  if (gain <= 0) return true;
  double credit = session / LOSS / software.each;
  *found = (struct threshold){
      .open = clamped((MARGIN * device.fixed - software.fixed) / gain),
      .first = clamped((MARGIN * (device.fixed + session) - software.fixed) / gain),
      .credit = credit < CREDIT_MAX ? (uint32_t)credit : CREDIT_MAX,
  };
  return true;
}

static bool always;

void threshold_always(void) { always = true; }

struct threshold threshold_of(enum kind kind, const struct trial *trial, void *state) {
  if (always) return (struct threshold){1, 1, 0};
  volatile uint32_t *notes = vc_notes();
  if (!notes) return NEVER;
  notes += kind * 3u;
  if (notes[0] == 0) {
    struct threshold found;
    // Another process may find out, if the device does not answer this one.
    if (!measure(trial, state, &found)) return NEVER;
    notes[2] = found.credit;
    notes[1] = found.first;
    // What is read first is written last.
    __atomic_store_n(&notes[0], found.open, __ATOMIC_RELEASE);
  }
  return (struct threshold){.open = notes[0], .first = notes[1], .credit = notes[2]};
}
