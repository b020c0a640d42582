package memleak.traffic;

import java.util.HashMap;
import java.util.Map;

/** Sessions by user, swept every few seconds: a saw with the load's own wave in it. */
final class Sessions {
  private static final long SWEEP_MS = 5_000;

  private final Map<String, Session> byUser = new HashMap<>();
  private final long idleMs;
  private long swept = now();

  Sessions(long idleMs) {
    this.idleMs = idleMs;
  }

  Session of(String user) {
    long now = now();
    if (now - swept > SWEEP_MS) {
      byUser.values().removeIf(session -> now - session.lastUsed > idleMs);
      swept = now;
    }
    Session session = byUser.computeIfAbsent(user, Session::new);
    session.lastUsed = now;
    return session;
  }

  private static long now() {
    return System.nanoTime() / 1_000_000;
  }
}
