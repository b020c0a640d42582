package akka.actor;

/** What a parent keeps of each child. */
final class ChildRestartStats {
  final ActorRef child;
  int restarts;

  ChildRestartStats(ActorRef child) {
    this.child = child;
  }
}
