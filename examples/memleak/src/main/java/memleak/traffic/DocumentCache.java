package memleak.traffic;

import java.util.LinkedHashMap;
import java.util.Map;

/** Keeps the documents asked for last: grows until it is full, then stays. Not a leak. */
final class DocumentCache extends LinkedHashMap<Integer, Document> {
  private static final long serialVersionUID = 1;

  private final int limit;

  DocumentCache(int limit) {
    super(16, 0.75f, true);
    this.limit = limit;
  }

  Document get(int number) {
    return computeIfAbsent(number, Document::new);
  }

  @Override
  protected boolean removeEldestEntry(Map.Entry<Integer, Document> eldest) {
    return size() > limit;
  }
}
