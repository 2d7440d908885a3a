#include "board.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

#define PAGE_PRESENT (1ull << 63)
#define PAGE_NUMBER ((1ull << 55) - 1)
/** Compaction moves locked pages too, unless this says 0. Kernels without compaction lack the file. */
#define COMPACTION "/proc/sys/vm/compact_unevictable_allowed"

static bool forbid_moves(void) {
  int file = open(COMPACTION, O_WRONLY | O_CLOEXEC);
  if (file < 0) return errno == ENOENT;
  bool done = write(file, "0\n", 2) == 2;
  close(file);
  return done;
}

/** Reads where the pages are. All are touched first, so that each has a place. */
static bool find_pages(const struct board *board, uint64_t *pages) {
  int file = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  size_t bytes = BOARD_PAGES * sizeof *pages;
  bool found = pread(file, pages, bytes, (off_t)((uintptr_t)board / PAGE * sizeof *pages)) == (ssize_t)bytes;
  close(file);
  for (unsigned i = 0; found && i < BOARD_PAGES; i++) {
    // A process without the right to know gets the number 0.
    found = (pages[i] & PAGE_PRESENT) && (pages[i] & PAGE_NUMBER);
    pages[i] = (pages[i] & PAGE_NUMBER) * PAGE;
  }
  return found;
}

static bool huge_pages_free(void) {
  char line[96];
  unsigned long count = 0, kib = 0;
  FILE *file = fopen("/proc/meminfo", "re");
  while (file && fgets(line, sizeof line, file)) {
    sscanf(line, "HugePages_Free: %lu", &count);
    sscanf(line, "Hugepagesize: %lu", &kib);
  }
  if (file) fclose(file);
  return kib > 0 && count * kib * 1024ul >= BOARD_BYTES;
}

struct board *vc_board_attach(struct board *before, uint32_t key, bool *is_new, char *why, int why_bytes) {
  static int attached = -1;
  *is_new = false;
  int id = shmget((key_t)key, BOARD_BYTES, 0600);
  if (id < 0) {
    *is_new = true;
    id = huge_pages_free() ? shmget((key_t)key, BOARD_BYTES, IPC_CREAT | SHM_HUGETLB | 0600) : -1;
    if (id < 0) id = shmget((key_t)key, BOARD_BYTES, IPC_CREAT | 0600);
  }
  struct shmid_ds about;
  // Another user's segment of this key is no board.
  bool own = id >= 0 && shmctl(id, IPC_STAT, &about) == 0 && about.shm_perm.uid == 0 && about.shm_perm.cuid == 0 &&
             (about.shm_perm.mode & 0077) == 0;
  if (own && before && id == attached) return before;
  struct board *board = own ? shmat(id, NULL, 0) : (void *)-1;
  if (board == (void *)-1) {
    snprintf(why, (size_t)why_bytes, "there is no shared memory for the rings: %s", own ? strerror(errno) : "not root's");
    return NULL;
  }
  if (!forbid_moves() || shmctl(id, SHM_LOCK, NULL) != 0) {
    snprintf(why, (size_t)why_bytes, "memory cannot be locked");
    goto fail;
  }
  for (unsigned i = 0; i < BOARD_PAGES; i++) {
    // Adds 0: the page is written to and so gets memory, and what another process writes there at the same time is kept.
    __atomic_fetch_add((uint8_t *)board + i * PAGE + PAGE - 1, 0, __ATOMIC_RELAXED);
  }
  uint64_t *pages = malloc(sizeof board->pages);
  if (!pages || !find_pages(board, pages)) {
    snprintf(why, (size_t)why_bytes, "/proc/self/pagemap does not tell where memory is");
    free(pages);
    goto fail;
  }
  if (memcmp(pages, board->pages, sizeof board->pages) != 0) {
    memcpy(board->pages, pages, sizeof board->pages);
    *is_new = true;
  }
  for (unsigned i = BOARD_PAGES; i-- > 0;) {
    bool joined = i + 1 < BOARD_PAGES && pages[i] + PAGE == pages[i + 1];
    board->runs[i] = PAGE + (joined ? board->runs[i + 1] : 0);
  }
  free(pages);
  attached = id;
  return board;
fail:
  shmdt(board);
  if (*is_new) shmctl(id, IPC_RMID, NULL);
  return NULL;
}

uint64_t vc_board_address(const struct board *board, const void *at) {
  uint32_t offset = (uint32_t)((const uint8_t *)at - (const uint8_t *)board);
  return board->pages[offset / PAGE] + offset % PAGE;
}

unsigned vc_board_scatter(const struct board *board, const void *at, uint32_t bytes, uint16_t flags,
                          struct descriptor *table, unsigned room) {
  unsigned count = 0;
  uint32_t offset = (uint32_t)((const uint8_t *)at - (const uint8_t *)board);
  while (bytes > 0) {
    uint32_t page = offset / PAGE, within = offset % PAGE;
    uint32_t piece = board->runs[page] - within;
    if (piece > bytes) piece = bytes;
    if (count == room) return 0;
    table[count++] = (struct descriptor){.address = board->pages[page] + within, .bytes = piece, .flags = flags};
    offset += piece;
    bytes -= piece;
  }
  return count;
}

/** The time at which a process began, which is field 22 of its stat. 0: there is no such process. */
static uint64_t start_of(int32_t process) {
  char path[32], text[512];
  snprintf(path, sizeof path, "/proc/%d/stat", process);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t got = read(file, text, sizeof text - 1);
  close(file);
  if (got <= 0) return 0;
  text[got] = 0;
  char *at = strrchr(text, ')');
  for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
  // A zombie holds nothing that it could still use.
  char *state = strrchr(text, ')');
  return at && state && state[2] != 'Z' ? strtoull(at + 1, NULL, 10) : 0;
}

struct owner vc_owner_self(void) {
  int32_t process = (int32_t)getpid();
  return (struct owner){.process = process, .start = start_of(process)};
}

bool vc_owner_alive(const struct owner *owner) {
  return owner->process != 0 && start_of(owner->process) == owner->start;
}
