// Importing this makes the library take this process for a browser's, as far as cryptography goes: WebCrypto is what there is.
const { getBuiltinModule } = process;
Object.assign(process, {
  getBuiltinModule: (name: string) => (name === 'node:crypto' ? undefined : getBuiltinModule(name)),
});
