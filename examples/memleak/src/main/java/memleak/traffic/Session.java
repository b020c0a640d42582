package memleak.traffic;

import java.util.ArrayDeque;
import java.util.Deque;

/** A user's visit: the titles seen last. */
final class Session {
  private static final int REMEMBERED = 8;

  final String user;
  private final Deque<String> seen = new ArrayDeque<>(REMEMBERED);
  long lastUsed;

  Session(String user) {
    this.user = user;
  }

  void note(String title) {
    if (seen.size() == REMEMBERED) {
      seen.removeFirst();
    }
    seen.addLast(title);
  }
}
