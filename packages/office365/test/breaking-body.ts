/** A body that breaks off after its first bytes. */
export const breaking = (first: Uint8Array) => {
  let turn = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (turn++ === 0) return controller.enqueue(first);
      controller.error(new Error('reset'));
    },
  });
};
