package akka.actor;

/** Where an actor stands in the tree of actors. */
final class ChildActorPath {
  final ChildActorPath parent;
  final String name;

  ChildActorPath(ChildActorPath parent, String name) {
    this.parent = parent;
    this.name = name;
  }
}
