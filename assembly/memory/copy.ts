/**
 * Copies fewer than 16 bytes. Branches depend on the length alone. For so few bytes a call of memory.copy takes longer.
 * @param dst apart from src
 * @param bytes 0 to 15
 */
export function copyFew(dst: usize, src: usize, bytes: usize): void {
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
