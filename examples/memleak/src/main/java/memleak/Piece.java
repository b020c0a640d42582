package memleak;

/** Some bytes of a file that have arrived; the last one completes it. */
final class Piece {
  final byte[] bytes;
  final boolean last;

  Piece(byte[] bytes, boolean last) {
    this.bytes = bytes;
    this.last = last;
  }
}
