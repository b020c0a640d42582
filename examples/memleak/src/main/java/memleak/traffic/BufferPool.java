package memleak.traffic;

import java.util.concurrent.ArrayBlockingQueue;

/** A fixed number of buffers that live as long as the process. */
final class BufferPool {
  private final ArrayBlockingQueue<byte[]> free;

  BufferPool(int count, int size) {
    free = new ArrayBlockingQueue<>(count);
    for (int i = 0; i < count; i++) {
      free.add(new byte[size]);
    }
  }

  byte[] take() {
    byte[] buffer = free.poll();
    if (buffer == null) {
      throw new IllegalStateException("a request did not give its buffer back");
    }
    return buffer;
  }

  void giveBack(byte[] buffer) {
    free.add(buffer);
  }
}
