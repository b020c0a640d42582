package akka.dispatch;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

/** Messages of one actor, handled one at a time. */
public final class Mailbox implements Runnable {
  /** What is done with a message. */
  public interface Handler {
    void apply(Object message) throws Exception;
  }

  private final Executor executor;
  private final Handler handler;
  private final ConcurrentLinkedQueue<Object> messages = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean scheduled = new AtomicBoolean();

  public Mailbox(Executor executor, Handler handler) {
    this.executor = executor;
    this.handler = handler;
  }

  public void enqueue(Object message) {
    messages.add(message);
    schedule();
  }

  private void schedule() {
    if (!messages.isEmpty() && scheduled.compareAndSet(false, true)) {
      executor.execute(this);
    }
  }

  @Override
  public void run() {
    try {
      for (Object message = messages.poll(); message != null; message = messages.poll()) {
        handler.apply(message);
      }
    } catch (Exception error) {
      throw new IllegalStateException("an actor failed", error);
    } finally {
      scheduled.set(false);
      schedule();
    }
  }
}
