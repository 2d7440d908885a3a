// @ts-nocheck: AssemblyScript, for asc alone. What the tests of Twofish call.
import { TWOFISH_CONTEXT_BYTES } from '../../assembly/cipher/twofish';
import { GMAC_TWOFISH_CONTEXT_BYTES } from '../../assembly/mac/gmac_twofish';

export { twofishEncryptBlock, twofishSetKey } from '../../assembly/cipher/twofish';
export { gmacTwofish, gmacTwofishSetKey } from '../../assembly/mac/gmac_twofish';

// Functions, because an exported constant would be a global of the module.
export function twofishContextBytes(): usize {
  return TWOFISH_CONTEXT_BYTES;
}
export function gmacTwofishContextBytes(): usize {
  return GMAC_TWOFISH_CONTEXT_BYTES;
}
