/* The device's registers, through its I/O BAR (4.1.4). */
#ifndef VCRYPTO_PORT_H
#define VCRYPTO_PORT_H

#include <stdbool.h>
#include <stdint.h>

/** Where a device stands on the bus, and where its structures lie within its BAR. */
struct vc_port {
  char folder[64];
  char address[16];
  uint32_t key;
  /** Held while the device is brought up: flock() of its configuration space. */
  int config;
  int resource;
  uint16_t base;
  uint32_t common, notify, notify_multiplier, device;
};

/** Finds the device in sysfs. False, and a line in `why`: there is none, or it cannot be used. */
bool vc_port_find(struct vc_port *port, char *why, int why_bytes);
/** Takes the device from the kernel's driver, unless that is in use. Enables its I/O ports, and disables its interrupts. */
bool vc_port_take(struct vc_port *port, char *why, int why_bytes);

uint32_t vc_port_read(const struct vc_port *port, uint32_t offset, int bytes);
void vc_port_write(const struct vc_port *port, uint32_t offset, int bytes, uint32_t value);

#endif
