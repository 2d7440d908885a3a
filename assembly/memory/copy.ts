/** Copies a few bytes: calling memory.copy takes longer than the copy itself. The pieces must not overlap. */
@inline export function copyShort(dst: usize, src: usize, bytes: usize): void {
  while (bytes >= 16) {
    v128.store(dst, v128.load(src));
    dst += 16;
    src += 16;
    bytes -= 16;
  }
  if (bytes & 8) {
    store<u64>(dst, load<u64>(src));
    dst += 8;
    src += 8;
  }
  if (bytes & 4) {
    store<u32>(dst, load<u32>(src));
    dst += 4;
    src += 4;
  }
  if (bytes & 2) {
    store<u16>(dst, load<u16>(src));
    dst += 2;
    src += 2;
  }
  if (bytes & 1) store<u8>(dst, load<u8>(src));
}
