#include <sched.h>
#include <string.h>
#include <time.h>

#include "device.h"

/** Looks at the used index before the processor is given to others. */
#define LOOKS 64
/** A device that is alive, and has not answered for this long, is given up. */
#define PATIENCE_SECONDS 30

static uint8_t status_of(const struct device *device) {
  return (uint8_t)vc_port_read(&device->port, device->port.common + VIRTIO_PCI_COMMON_DEVICE_STATUS, 1);
}

/** Any status but this one: reset, broken, or gone (which reads as all ones). */
static bool is_alive(const struct device *device) {
  return status_of(device) == (VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK |
                               VIRTIO_STATUS_DRIVER_OK);
}

/** Waits for the one request that is under way, and yields meanwhile. */
static bool await(const struct turn *turn) {
  struct queue *queue = &turn->board->queues[turn->queue];
  struct ring *ring = ring_of(turn->board, turn->queue);
  time_t end = 0;
  // An emulator answers within the notification, or when the driver reads a register, as this does at the first look. Neither needs a
  // system call, which would take as long as the request.
  for (unsigned looks = 0; atomic_load_explicit(&ring->used.index, memory_order_acquire) == queue->used; looks++) {
    if (looks == 0) {
      if (!is_alive(turn->device)) return false;
      continue;
    }
    if (looks % LOOKS != 0) continue;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (end == 0) end = now.tv_sec + PATIENCE_SECONDS;
    if (!is_alive(turn->device) || now.tv_sec > end || !vc_device_is_ours(turn->device, turn->board)) return false;
    sched_yield();
  }
  queue->used++;
  return atomic_load_explicit(&ring->used.index, memory_order_acquire) == queue->used;
}

static void notify(const struct turn *turn) {
  const struct vc_port *port = &turn->device->port;
  uint32_t offset = turn->board->queues[turn->queue].notify_offset * port->notify_multiplier;
  vc_port_write(port, port->notify + offset, 2, index_of(turn->board, turn->queue));
}

bool vc_turn_begin(struct turn *turn, struct device *device, bool control) {
  struct board *board = device->board;
  unsigned number = control ? board->data_queues : (unsigned)device->self.process % board->data_queues;
  *turn = (struct turn){.device = device, .board = board, .queue = number};
  struct queue *queue = &board->queues[number];
  if (!vc_lock_patiently(&queue->lock)) {
    vc_device_busy(device);
    return false;
  }
  if (atomic_load(&ring_of(board, number)->available.index) == queue->used) return true;
  // Somebody died before the answer came, or before the notification. It must come before the frame is used again.
  notify(turn);
  if (await(turn)) return true;
  pthread_mutex_unlock(&queue->lock);
  return false;
}

void vc_turn_end(const struct turn *turn) {
  pthread_mutex_unlock(&turn->board->queues[turn->queue].lock);
}

/** Both halves of a ring have an event index behind their entries (2.7.6, 2.7.8). */
static volatile uint16_t *event_behind(void *entries, unsigned count, size_t entry_bytes) {
  return (volatile uint16_t *)((uint8_t *)entries + count * entry_bytes);
}

enum vc_result vc_turn_run(const struct turn *turn, const struct part *parts, unsigned count) {
  struct board *board = turn->board;
  unsigned number = turn->queue;
  struct queue *queue = &board->queues[number];
  struct ring *ring = ring_of(board, number);
  struct frame *frame = frame_of(board, number);
  struct descriptor *table = board->indirect ? frame->table : ring->table;
  // A chain is no longer than its queue, in a table of its own neither (2.7.5.3.1).
  unsigned room = queue->size;
  unsigned used = 0;
  uint32_t bytes = 0;
  for (unsigned i = 0; i < count; i++) {
    if (parts[i].bytes == 0) continue;
    bytes += parts[i].bytes;
    if (bytes > board->request_bytes_max) return VC_REFUSED;
    unsigned pieces = vc_board_scatter(board, parts[i].at, parts[i].bytes,
                                       parts[i].written ? VIRTIO_DESC_F_WRITE : 0, table + used, room - used);
    if (pieces == 0) return VC_REFUSED;
    used += pieces;
  }
  for (unsigned i = 0; i + 1 < used; i++) {
    table[i].flags |= VIRTIO_DESC_F_NEXT;
    table[i].next = (uint16_t)(i + 1);
  }
  if (board->indirect) {
    ring->table[0] = (struct descriptor){
        .address = vc_board_address(board, table),
        .bytes = used * (uint32_t)sizeof *table,
        .flags = VIRTIO_DESC_F_INDIRECT,
    };
  }
  // The chain begins at descriptor 0: there is one request at a time.
  uint16_t before = atomic_load(&ring->available.index);
  ring->available.entries[before % queue->size] = 0;
  // An interrupt is never due: with EVENT_IDX not at this index, and then the flags must be 0; without it not by this flag (2.7.7.1).
  *event_behind(ring->available.entries, queue->size, sizeof *ring->available.entries) = (uint16_t)(before + 0x8000);
  ring->available.flags = board->event_index ? 0 : VIRTIO_AVAIL_F_NO_INTERRUPT;
  atomic_store(&ring->available.index, (uint16_t)(before + 1));
  // The device must see the index before the driver looks whether it wants to hear of it (2.7.13.4.1).
  atomic_thread_fence(memory_order_seq_cst);
  const volatile uint16_t *event = event_behind(ring->used.entries, queue->size, sizeof *ring->used.entries);
  if (board->event_index ? *event == before : !(ring->used.flags & VIRTIO_USED_F_NO_NOTIFY)) notify(turn);
  return await(turn) ? VC_OK : VC_LOST;
}
