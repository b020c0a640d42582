package memleak;

import java.util.concurrent.ThreadLocalRandom;
import java.util.function.IntConsumer;

/** Does something so many times a second, with the waves and the jitter of real load. */
public final class Pace implements Runnable {
  private static final double WAVE_SECONDS = 45;
  private static final int STEP_MS = 50;

  private final double perSecond;
  private final IntConsumer work;

  /** @param work is given a running number */
  public Pace(double perSecond, IntConsumer work) {
    this.perSecond = perSecond;
    this.work = work;
  }

  @Override
  public void run() {
    long begun = System.nanoTime();
    long before = begun;
    double owed = 0;
    for (int number = 0; ; ) {
      pause(STEP_MS);
      long now = System.nanoTime();
      double seconds = (now - begun) / 1e9;
      double wave = 1 + 0.3 * Math.sin(2 * Math.PI * seconds / WAVE_SECONDS);
      double jitter = 0.5 + ThreadLocalRandom.current().nextDouble();
      owed = Math.min(owed + perSecond * wave * jitter * (now - before) / 1e9, perSecond);
      before = now;
      for (; owed >= 1; owed--) {
        work.accept(number++);
      }
    }
  }

  static void pause(long milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException error) {
      throw new IllegalStateException("nobody interrupts these threads", error);
    }
  }
}
