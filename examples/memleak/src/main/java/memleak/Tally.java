package memleak;

import java.util.concurrent.atomic.AtomicLong;

/** What was done so far: for the last words of a JVM that runs out of memory. */
final class Tally {
  private static final AtomicLong FILES = new AtomicLong();
  private static final AtomicLong BYTES = new AtomicLong();

  private Tally() {}

  static void saved(int bytes) {
    FILES.incrementAndGet();
    BYTES.addAndGet(bytes);
  }

  static long files() {
    return FILES.get();
  }
}
