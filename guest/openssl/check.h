/* What the parts of evp-check have in common. */
#ifndef VC_CHECK_H
#define VC_CHECK_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

#define TEXT_MAX 70000u
/** Room behind a text, for a tag or a padding. */
#define SLACK 64u

/** One thread's random messages. */
struct run {
  unsigned count, seed, messages;
  bool failed;
};

/** Compares messages of one random kind with the default provider's. False, and a line on standard output: they differ. */
bool check_aead(struct run *run);

bool check_stream(struct run *run);

/** `evp-check speed`. */
int check_speed(const char *name, int bytes);
/** `evp-check vectors`: reads lines from standard input. */
int check_vectors(void);
/** `evp-check fork`: a process and its child go on with the same contexts. */
int check_fork(unsigned rounds, unsigned seed);

/** The algorithm as the configuration has it, and as the default provider has it. */
#define AS_CONFIGURED NULL
#define BY_DEFAULT "provider=default"

uint32_t next(unsigned *seed, uint32_t limit);
/** Sizes of all magnitudes up to TEXT_MAX, a record's among them. */
uint32_t size_of_message(unsigned *seed);
bool one_in(unsigned *seed, uint32_t chance);
void fill(unsigned *seed, uint8_t *at, uint32_t bytes);
double now_us(void);

#endif
