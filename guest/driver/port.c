#include "port.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <unistd.h>

#include "wire.h"

#define BUS "/sys/bus/pci/devices"
#define CONFIG_BYTES 256

static bool read_text(const char *folder, const char *name, char *text, int bytes) {
  char path[160];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  ssize_t got = read(file, text, (size_t)bytes - 1);
  close(file);
  text[got > 0 ? got : 0] = 0;
  return got > 0;
}

static bool write_text(const char *path, const char *text) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  ssize_t put = write(file, text, strlen(text));
  close(file);
  return put == (ssize_t)strlen(text);
}

static bool is_crypto_device(const char *folder) {
  char vendor[16], device[16];
  return read_text(folder, "vendor", vendor, sizeof vendor) && read_text(folder, "device", device, sizeof device) &&
         strtoul(vendor, NULL, 16) == VIRTIO_PCI_PCI_VENDOR_ID &&
         strtoul(device, NULL, 16) == VIRTIO_PCI_PCI_DEVICE_ID_BASE + VIRTIO_CRYPTO_DEVICE_ID_CRYPTO;
}

/** Walks the capabilities (4.1.4) for those of the first I/O BAR. The list of a hostile device may be a circle. */
static bool read_capabilities(struct vc_port *port, const uint8_t *config) {
  bool common = false, notify = false, device = false;
  uint8_t at = config[VIRTIO_PCI_PCI_CAPABILITIES];
  for (int links = 0; at >= 0x40 && at <= CONFIG_BYTES - VIRTIO_PCI_CAP_NOTIFY_BYTES && links < 48; links++) {
    const uint8_t *cap = config + at;
    if (cap[VIRTIO_PCI_CAP_VNDR] == VIRTIO_PCI_PCI_CAP_ID_VENDOR && cap[VIRTIO_PCI_CAP_BAR] == 0) {
      uint32_t offset;
      memcpy(&offset, cap + VIRTIO_PCI_CAP_OFFSET, 4);
      switch (cap[VIRTIO_PCI_CAP_CFG_TYPE]) {
        case VIRTIO_PCI_CAP_TYPE_COMMON:
          if (!common) port->common = offset;
          common = true;
          break;
        case VIRTIO_PCI_CAP_TYPE_NOTIFY:
          if (!notify) {
            port->notify = offset;
            memcpy(&port->notify_multiplier, cap + VIRTIO_PCI_CAP_NOTIFY_MULTIPLIER, 4);
          }
          notify = true;
          break;
        case VIRTIO_PCI_CAP_TYPE_DEVICE:
          if (!device) port->device = offset;
          device = true;
          break;
        default:
          break;
      }
    }
    at = cap[VIRTIO_PCI_CAP_NEXT];
  }
  return common && notify && device;
}

bool vc_port_find(struct vc_port *port, char *why, int why_bytes) {
  DIR *bus = opendir(BUS);
  if (!bus) {
    snprintf(why, (size_t)why_bytes, "this system has no %s", BUS);
    return false;
  }
  bool found = false;
  for (struct dirent *entry; !found && (entry = readdir(bus));) {
    if (entry->d_name[0] == '.' || strlen(entry->d_name) >= sizeof port->address) continue;
    snprintf(port->folder, sizeof port->folder, BUS "/%.15s", entry->d_name);
    if (!is_crypto_device(port->folder)) continue;
    snprintf(port->address, sizeof port->address, "%.15s", entry->d_name);
    found = true;
  }
  closedir(bus);
  if (!found) {
    snprintf(why, (size_t)why_bytes, "there is no virtio crypto device (1af4:1054) on the PCI bus");
    return false;
  }
  unsigned domain = 0, number = 0, slot = 0, function = 0;
  sscanf(port->address, "%x:%x:%x.%x", &domain, &number, &slot, &function);
  port->key = 0x76630000u | (number << 8 & 0xff00u) | slot << 3 | function;
  return true;
}

/** Whether the kernel's own driver has the device, and somebody uses it. Linux can crash when it loses a device that is in use. */
static bool kernel_uses_it(void) {
  char count[16];
  return read_text("/sys/module/virtio_crypto", "refcnt", count, sizeof count) && atoi(count) > 0;
}

bool vc_port_take(struct vc_port *port, char *why, int why_bytes) {
  char path[160], resource[128];
  unsigned long long start = 0, end = 0, flags = 0;
  if (geteuid() != 0) {
    snprintf(why, (size_t)why_bytes, "the device takes root, and this process has the user id %u", (unsigned)geteuid());
    return false;
  }
  snprintf(path, sizeof path, "%s/driver/unbind", port->folder);
  if (access(path, F_OK) == 0) {
    if (kernel_uses_it()) {
      snprintf(why, (size_t)why_bytes, "the kernel's driver of %s is in use", port->address);
      return false;
    }
    if (!write_text(path, port->address)) {
      snprintf(why, (size_t)why_bytes, "the kernel's driver keeps %s: %s", port->address, strerror(errno));
      return false;
    }
  }
  snprintf(path, sizeof path, "%s/config", port->folder);
  uint8_t config[CONFIG_BYTES];
  // A process without CAP_SYS_ADMIN can read the first 64 bytes only.
  if (pread(port->config, config, sizeof config, 0) != sizeof config) {
    snprintf(why, (size_t)why_bytes, "the kernel does not show the capabilities of %s", port->address);
    return false;
  }
  if (config[0] == 0xff && config[1] == 0xff) {
    snprintf(why, (size_t)why_bytes, "%s is gone", port->address);
    return false;
  }
  if (!read_capabilities(port, config)) {
    snprintf(why, (size_t)why_bytes, "%s has no registers in an I/O BAR", port->address);
    return false;
  }
  // Nobody serves its interrupts, and the kernel would switch off an interrupt line that it shares.
  uint16_t command;
  memcpy(&command, config + VIRTIO_PCI_PCI_COMMAND, 2);
  command |= VIRTIO_PCI_PCI_COMMAND_IO | VIRTIO_PCI_PCI_COMMAND_BUS_MASTER | VIRTIO_PCI_PCI_COMMAND_INTX_DISABLE;
  if (!read_text(port->folder, "resource", resource, sizeof resource) ||
      sscanf(resource, "%llx %llx %llx", &start, &end, &flags) != 3 || !(flags & 0x100) || end > UINT16_MAX ||
      pwrite(port->config, &command, 2, VIRTIO_PCI_PCI_COMMAND) != 2) {
    snprintf(why, (size_t)why_bytes, "the I/O ports of %s cannot be enabled", port->address);
    return false;
  }
  port->base = (uint16_t)start;
  snprintf(path, sizeof path, "%s/resource0", port->folder);
  if (port->resource < 0) port->resource = open(path, O_RDWR | O_CLOEXEC);
  if (port->resource < 0 && iopl(3) != 0) {
    snprintf(why, (size_t)why_bytes, "the kernel refuses the I/O ports of %s", port->address);
    return false;
  }
  return true;
}

/** The right to use ports directly is each thread's own. Without it each access is a system call. */
static bool direct(void) {
  static _Thread_local int8_t allowed;
  if (!allowed) allowed = iopl(3) == 0 ? 1 : -1;
  return allowed > 0;
}

uint32_t vc_port_read(const struct vc_port *port, uint32_t offset, int bytes) {
  uint16_t at = (uint16_t)(port->base + offset);
  uint32_t value = 0;
  if (direct()) return bytes == 1 ? inb(at) : bytes == 2 ? inw(at) : inl(at);
  // All ones, as of a device that is gone.
  if (pread(port->resource, &value, (size_t)bytes, (off_t)offset) != bytes) return UINT32_MAX >> (32 - 8 * bytes);
  return value;
}

void vc_port_write(const struct vc_port *port, uint32_t offset, int bytes, uint32_t value) {
  uint16_t at = (uint16_t)(port->base + offset);
  if (!direct()) {
    // A device that is gone takes no writes, and shows it when it is read.
    ssize_t put = pwrite(port->resource, &value, (size_t)bytes, (off_t)offset);
    (void)put;
  } else if (bytes == 1) {
    outb((unsigned char)value, at);
  } else if (bytes == 2) {
    outw((unsigned short)value, at);
  } else {
    outl(value, at);
  }
}
