#include "thresholds.h"

#include <time.h>

#include "../driver/vcrypto.h"

/** An emulator translates code once it has run for a while: so long each side runs before it is timed. */
#define WARM_UP_US 25000.0
#define ROUNDS 7
#define SMALL 64u
#define LARGE 1024u
/** The device must be faster by this much, so that a wrong measurement costs nothing. */
#define MARGIN 1.25
/** A session that is made for nothing may cost this part of the work before it. */
#define LOSS 0.08
#define BYTES_MAX VC_TEXT_MAX

static const struct threshold NEVER = {UINT32_MAX, UINT32_MAX, UINT32_MAX};

static double now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/** The shortest of some rounds, in microseconds; negative if it fails. */
static double shortest(bool (*work)(void *, uint32_t), void *state, uint32_t bytes) {
  double best = -1;
  for (int round = 0; round < ROUNDS; round++) {
    double start = now_us();
    if (!work(state, bytes)) return -1;
    double taken = now_us() - start;
    if (best < 0 || taken < best) best = taken;
  }
  return best;
}

static bool warm_up(bool (*work)(void *, uint32_t), void *state) {
  double start = now_us();
  while (now_us() - start < WARM_UP_US) {
    if (!work(state, SMALL) || !work(state, LARGE)) return false;
  }
  return true;
}

static uint32_t clamped(double bytes) { return bytes <= 1 ? 1 : bytes >= BYTES_MAX ? UINT32_MAX : (uint32_t)bytes + 1; }

/** Times that are linear in the size: `fixed + each * bytes`. */
struct line {
  double fixed, each;
};

static bool line_of(bool (*work)(void *, uint32_t), void *state, struct line *line) {
  double small, large;
  if (!warm_up(work, state) || (small = shortest(work, state, SMALL)) < 0 || (large = shortest(work, state, LARGE)) < 0)
    return false;
  line->each = large > small ? (large - small) / (LARGE - SMALL) : 0;
  line->fixed = small - line->each * SMALL;
  if (line->fixed < 0) line->fixed = 0;
  return true;
}

/** False: something failed, and nothing is known. */
static bool measure(const struct trial *trial, void *state, struct threshold *found) {
  struct line software, device;
  if (!line_of(trial->software, state, &software) || !line_of(trial->device, state, &device)) return false;
  double session = -1;
  for (int round = 0; round < ROUNDS; round++) {
    double start = now_us();
    if (!trial->session(state)) return false;
    double taken = now_us() - start;
    if (session < 0 || taken < session) session = taken;
  }
  double gain = software.each - MARGIN * device.each;
  *found = NEVER;
  if (gain <= 0) return true;
  *found = (struct threshold){
      .open = clamped((MARGIN * device.fixed - software.fixed) / gain),
      .first = clamped((MARGIN * (device.fixed + session) - software.fixed) / gain),
      .credit = clamped(session / LOSS / software.each),
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
