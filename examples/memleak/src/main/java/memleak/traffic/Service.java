package memleak.traffic;

import java.util.concurrent.ThreadLocalRandom;

/** Ordinary work beside the fault: garbage of every request, a bounded cache, pooled buffers, sessions that expire. */
public final class Service {
  private static final int USERS = 20_000;
  private static final int DOCUMENTS = 30_000;

  private final DocumentCache cache;
  private final BufferPool buffers = new BufferPool(24, 32 * 1024);
  private final Sessions sessions = new Sessions(30_000);

  public Service(int cached) {
    cache = new DocumentCache(cached);
  }

  /** One request. Skewed like real users: few documents are asked for often. */
  public void serve(int number) {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    Session session = sessions.of("user-" + random.nextInt(USERS));
    double skewed = random.nextDouble() * random.nextDouble() * random.nextDouble();
    Document document = cache.get((int) (skewed * DOCUMENTS));
    byte[] buffer = buffers.take();
    try {
      session.note(render(document, session, buffer));
    } finally {
      buffers.giveBack(buffer);
    }
  }

  /** Makes a page, and with it the garbage that pages make. */
  private static String render(Document document, Session session, byte[] buffer) {
    StringBuilder page = new StringBuilder();
    for (String word : document.text.split(" ")) {
      page.append("<p title='").append(session.user).append("'>").append(word.toUpperCase()).append("</p>\n");
    }
    byte[] bytes = page.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8);
    System.arraycopy(bytes, 0, buffer, 0, Math.min(bytes.length, buffer.length));
    return document.title;
  }
}
