/**
 * Whether two tags are equal. The time that it takes does not depend on where they differ.
 * @param bytes length of both: public
 */
export function tagsEqual(a: usize, b: usize, bytes: u32): bool {
  let difference: u32 = 0;
  for (let at: usize = 0; at != (bytes as usize); ++at) difference |= load<u8>(a + at) ^ load<u8>(b + at);
  return difference == 0;
}
