package memleak;

/** Asks the parent to fetch a file. */
final class Download {
  final String name;
  final int size;

  Download(String name, int size) {
    this.name = name;
    this.size = size;
  }
}
