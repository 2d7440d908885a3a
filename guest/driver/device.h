/* The device as this process sees it: found, brought up, and asked through a queue. */
#ifndef VCRYPTO_DEVICE_H
#define VCRYPTO_DEVICE_H

#include "board.h"
#include "port.h"

struct device {
  struct vc_port port;
  struct board *board;
  struct owner self;
  /** Grows with each fork, so that a child tells what was its parent's. */
  uint32_t family;
};

/** The open device; NULL if there is none. */
struct device *vc_device(void);
/** The device no longer answers: the next vc_open() brings it up again. */
void vc_device_lost(struct device *device);
/** Another process has a queue, and does not give it back: for some seconds this one does without the device. */
void vc_device_busy(struct device *device);
/** Takes a lock of all processes, but waits for some seconds only: its owner may have been stopped. */
bool vc_lock_patiently(pthread_mutex_t *lock);
/** Whether the device still runs with the rings of this board. Looks only while no process brings it up: then it is true. */
bool vc_device_is_ours(struct device *device, const struct board *board);
/** Ends the sessions of processes that have ended. False: the control queue cannot be had. */
bool vc_end_sessions_of_dead(struct device *device);

/** Parts of a request, in their order on the wire. Parts of no bytes have no descriptor. */
struct part {
  const void *at;
  uint32_t bytes;
  bool written;
};

/** A queue that is taken for one request. While it is, no process brings the device up anew. */
struct turn {
  struct device *device;
  struct board *board;
  unsigned queue;
};

/** Takes the control queue, or the data queue of this process. False: the device is lost. */
bool vc_turn_begin(struct turn *turn, struct device *device, bool control);
void vc_turn_end(const struct turn *turn);
/** Gives the device a request, and waits for its answer. The parts are on the board. */
enum vc_result vc_turn_run(const struct turn *turn, const struct part *parts, unsigned count);

#endif
