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
  /** The data queue of this process, of which several may share one. */
  unsigned queue;
};

/** The open device; NULL if there is none. */
struct device *vc_device(void);
/** The device no longer answers: the next vc_open() brings it up again. */
void vc_device_lost(struct device *device);

/** Parts of a request, in their order on the wire. Parts of no bytes have no descriptor. */
struct part {
  const void *at;
  uint32_t bytes;
  bool written;
};

/** Takes a queue for one request. False: the device is lost. */
bool vc_queue_lock(struct device *device, unsigned queue);
void vc_queue_unlock(struct device *device, unsigned queue);
/** Gives the device a request, and waits for its answer. The queue is locked, and the parts are on the board. */
enum vc_result vc_queue_run(struct device *device, unsigned queue, const struct part *parts, unsigned count);

#endif
