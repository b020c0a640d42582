package memleak;

import akka.actor.ActorRef;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;

/** The far side: delivers each file in a few pieces over about a second, then forgets the receiver. */
final class Network implements Runnable {
  private static final int PIECES = 5;
  private static final long BETWEEN_PIECES_MS = 200;

  private static final class Transfer {
    final ActorRef receiver;
    final int size;
    int sent;
    long due;

    Transfer(ActorRef receiver, int size, long due) {
      this.receiver = receiver;
      this.size = size;
      this.due = due;
    }
  }

  private final Queue<Transfer> begun = new ConcurrentLinkedQueue<>();
  private final ArrayDeque<Transfer> running = new ArrayDeque<>();

  void fetch(ActorRef receiver, int size) {
    begun.add(new Transfer(receiver, size, now() + BETWEEN_PIECES_MS));
  }

  @Override
  public void run() {
    while (true) {
      Pace.pause(20);
      for (Transfer next = begun.poll(); next != null; next = begun.poll()) {
        running.add(next);
      }
      for (int left = running.size(); left > 0; left--) {
        Transfer transfer = running.poll();
        if (now() < transfer.due || !deliver(transfer)) {
          running.add(transfer);
        }
      }
    }
  }

  /** Sends the next piece; true when it was the last. */
  private static boolean deliver(Transfer transfer) {
    byte[] bytes = new byte[Math.max(1, transfer.size / PIECES)];
    ThreadLocalRandom.current().nextBytes(bytes);
    transfer.sent++;
    transfer.due += BETWEEN_PIECES_MS;
    boolean last = transfer.sent == PIECES;
    transfer.receiver.tell(new Piece(bytes, last), ActorRef.noSender());
    return last;
  }

  private static long now() {
    return System.nanoTime() / 1_000_000;
  }
}
