/**
 * Stops the engine when the process is told to end (SIGINT, SIGTERM); the process then ends by itself when nothing else
 * keeps it. A second signal ends it at once.
 *
 * @returns a function that takes the listeners away again.
 */
export function stopOnSignals(engine: { stop(): Promise<void> }): () => void {
  const remove = () => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  };
  const stop = () => {
    remove();
    void engine.stop();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return remove;
}
