package akka.actor;

import akka.dispatch.Mailbox;
import scala.collection.immutable.RedBlackTree;

/** The machinery of one actor: mailbox, behaviour, and the children that only it can let go. */
public final class ActorCell {
  final ActorSystem system;
  final ActorCell parent;
  final LocalActorRef self;
  final Mailbox mailbox;
  private final AbstractActor.Receive behaviour;
  private RedBlackTree<ChildRestartStats> children = new RedBlackTree<>();

  ActorCell(ActorSystem system, ActorCell parent, Props props, String name) {
    this.system = system;
    this.parent = parent;
    this.self = new LocalActorRef(new ChildActorPath(parent == null ? null : parent.self.path, name), this);
    AbstractActor actor = props.newActor();
    actor.cell = this;
    this.behaviour = actor.createReceive();
    this.mailbox = new Mailbox(system.dispatcher(), behaviour::apply);
  }

  public ActorRef actorOf(Props props, String name) {
    ActorCell child = new ActorCell(system, this, props, name);
    synchronized (this) {
      children.put(name, new ChildRestartStats(child.self));
    }
    return child.self;
  }

  public void stop(ActorRef actor) {
    ActorCell cell = ((LocalActorRef) actor).cell;
    if (cell.parent != null) {
      synchronized (cell.parent) {
        cell.parent.children.remove(cell.self.path.name);
      }
    }
  }
}
