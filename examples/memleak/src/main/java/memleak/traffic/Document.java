package memleak.traffic;

/** What requests are about. */
final class Document {
  final String title;
  final String text;

  Document(int number) {
    title = "document " + number;
    StringBuilder words = new StringBuilder();
    for (int i = 0; i < 60 + number % 140; i++) {
      words.append((char) ('a' + i % 26)).append(number + i).append(' ');
    }
    text = words.toString();
  }
}
