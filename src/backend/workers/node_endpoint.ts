import type { Endpoint } from 'comlink';

/** Node's side of a message channel: a worker as its parent sees it, or the port to the parent. */
interface NodePort {
  postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void;
  on(type: 'message', listener: (data: unknown) => void): unknown;
  off(type: 'message', listener: (data: unknown) => void): unknown;
}

/** What moves with a message to another thread: the library sends nothing else that could. */
export function buffersOf(transfer: readonly unknown[]): ArrayBuffer[] {
  return transfer.filter((each) => each instanceof ArrayBuffer);
}

/** Adapts a port of Node, whose listeners get the data alone, to Comlink, which expects an event. */
export function nodeEndpoint(port: NodePort): Endpoint {
  const listeners = new WeakMap<object, (data: unknown) => void>();
  return {
    postMessage: (message, transfer = []) => port.postMessage(message, buffersOf(transfer)),
    addEventListener: (_, listener) => {
      const adapted = (data: unknown) => {
        const event = new MessageEvent('message', { data });
        if (typeof listener === 'function') listener(event);
        else listener.handleEvent(event);
      };
      listeners.set(listener, adapted);
      port.on('message', adapted);
    },
    removeEventListener: (_, listener) => {
      const adapted = listeners.get(listener);
      if (adapted) port.off('message', adapted);
    },
  };
}
