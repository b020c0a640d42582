package akka.actor;

/** An actor of this process. */
final class LocalActorRef extends ActorRef {
  final ChildActorPath path;
  final ActorCell cell;

  LocalActorRef(ChildActorPath path, ActorCell cell) {
    this.path = path;
    this.cell = cell;
  }

  @Override
  public void tell(Object message, ActorRef sender) {
    cell.mailbox.enqueue(message);
  }
}
