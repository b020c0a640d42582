package memleak;

import akka.actor.AbstractActor;

/**
 * Downloads one file into memory and saves it.
 *
 * <p>The fault: once the file is saved nobody needs this actor, and no code of ours refers to it, but an actor
 * lives until it is stopped. Its parent's cell keeps it, with the file, among its children.
 */
final class Child extends AbstractActor {
  private final TemporaryFile file = new TemporaryFile();
  private final boolean fixed;

  Child(boolean fixed) {
    this.fixed = fixed;
  }

  @Override
  public Receive createReceive() {
    return receiveBuilder().match(Piece.class, this::received).build();
  }

  private void received(Piece piece) {
    file.append(piece.bytes);
    if (piece.last) {
      Tally.saved(file.save());
      if (fixed) {
        getContext().stop(getSelf());
      }
    }
  }
}
