package memleak;

/** What can be turned from outside, each by a system property; the defaults fill 192 MB in about seven minutes. */
final class Settings {
  /** The name that heapwatch shows, too. */
  final String name = System.getProperty("heapwatch.name", "memleak");

  final String version = System.getProperty("heapwatch.label.version", "1.0.0");

  /** The patch: an actor whose file is saved is stopped. */
  final boolean fixed = Boolean.getBoolean("fixed");

  /** Downloads begun a second, on average. */
  final double downloads = decimal("downloads", 110);

  /** Bytes of an average file. */
  final int file = Integer.getInteger("file", 3000);

  /** Ordinary requests served a second, on average; they leave nothing behind. */
  final double requests = decimal("requests", 120);

  /** Documents that the service caches at most. */
  final int documents = Integer.getInteger("documents", 4000);

  private static double decimal(String property, double otherwise) {
    String text = System.getProperty(property);
    return text == null ? otherwise : Double.parseDouble(text);
  }
}
