/* What all processes share: one segment of memory that the device reaches, in place until the device is released. */
#ifndef VCRYPTO_BOARD_H
#define VCRYPTO_BOARD_H

#include <pthread.h>
#include <stdatomic.h>

#include "vcrypto.h"
#include "wire.h"

/** One huge page of a kernel without PAE, two of a kernel with it. */
#define BOARD_BYTES (4u << 20)
#define PAGE 4096u
#define BOARD_PAGES (BOARD_BYTES / PAGE)
/** Descriptors of one request: header, iv and aad, both buffers of a slot in single pages, and the status. */
#define DESCRIPTORS 64u
#define QUEUES_MAX 9u
#define SESSIONS_MAX 512u
#define SLOT_BUFFER (VC_TEXT_MAX + PAGE)
/** Pages before the slots: the board itself, then a ring and a frame a queue. */
#define RINGS_AT (16u * PAGE)
#define SLOTS_AT (RINGS_AT + QUEUES_MAX * 2u * PAGE)
#define SLOTS ((BOARD_BYTES - SLOTS_AT) / (2u * SLOT_BUFFER))

struct descriptor {
  uint64_t address;
  uint32_t bytes;
  uint16_t flags, next;
};

/** A split ring (2.7) in one page. Its memory is at most as large as for DESCRIPTORS entries. */
struct ring {
  struct descriptor table[DESCRIPTORS];
  struct {
    uint16_t flags;
    _Atomic uint16_t index;
    uint16_t entries[DESCRIPTORS];
    uint16_t used_event;
  } available;
  struct {
    uint16_t flags;
    _Atomic uint16_t index;
    struct {
      uint32_t id, bytes;
    } entries[DESCRIPTORS];
    uint16_t available_event;
  } used __attribute__((aligned(4)));
};
_Static_assert(sizeof(struct ring) <= PAGE, "a ring has one page");

/** The parts of a request that are not its text, in one page. */
struct frame {
  struct descriptor table[DESCRIPTORS];
  uint8_t header[128];
  uint8_t key[VC_KEY_MAX];
  uint8_t iv[VC_IV_MAX];
  uint8_t aad[VC_AAD_MAX];
  uint8_t answer[16];
};
_Static_assert(sizeof(struct frame) <= PAGE, "a frame has one page");

/** A process, told from a later one with the same number. */
struct owner {
  _Atomic int32_t process;
  uint64_t start;
};

struct queue {
  /** Robust: a process may die with it. */
  pthread_mutex_t lock;
  uint16_t size, notify_offset;
  /** The used index that was seen. If the available index is another, a request is under way. */
  uint16_t used;
};

struct board {
  uint32_t magic;
  /** Counts how often the device was brought up. Sessions of earlier generations are gone. */
  _Atomic uint32_t generation;
  /** Data queues with a ring. The control queue's ring comes behind theirs. */
  uint32_t data_queues;
  /** The number that the device gives to the control queue. */
  uint32_t control_queue;
  uint8_t indirect, event_index;
  uint32_t services;
  uint64_t algorithms[4];
  uint32_t request_bytes_max;
  struct queue queues[QUEUES_MAX];
  struct {
    uint64_t id;
    uint32_t opcode;
    struct owner owner;
  } sessions[SESSIONS_MAX];
  struct owner slots[SLOTS];
  uint32_t notes[VC_NOTES];
  uint64_t pages[BOARD_PAGES];
  /** Bytes from the beginning of each page on that are side by side in memory. */
  uint32_t runs[BOARD_PAGES];
};
_Static_assert(sizeof(struct board) <= RINGS_AT, "the board has the pages before the rings");

/**
 * Attaches the segment, and makes it if there is none. Its pages are locked, and their addresses are known. A segment stays attached,
 * because contexts point into it: `before` is returned if it is still the one.
 */
struct board *vc_board_attach(struct board *before, uint32_t key, bool *is_new, char *why, int why_bytes);
/** Writes descriptors of a part of the board, one for each run of pages side by side. Returns the number written, 0 if too many. */
unsigned vc_board_scatter(const struct board *board, const void *at, uint32_t bytes, uint16_t flags,
                          struct descriptor *table, unsigned room);
uint64_t vc_board_address(const struct board *board, const void *at);

static inline struct ring *ring_of(struct board *board, unsigned queue) {
  return (struct ring *)((uint8_t *)board + RINGS_AT + queue * 2u * PAGE);
}

static inline struct frame *frame_of(struct board *board, unsigned queue) {
  return (struct frame *)((uint8_t *)board + RINGS_AT + (queue * 2u + 1u) * PAGE);
}

static inline unsigned index_of(const struct board *board, unsigned queue) {
  return queue == board->data_queues ? board->control_queue : queue;
}

/** This process. */
struct owner vc_owner_self(void);
bool vc_owner_alive(const struct owner *owner);

#endif
