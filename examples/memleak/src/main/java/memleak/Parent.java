package memleak;

import akka.actor.AbstractActor;
import akka.actor.ActorRef;
import akka.actor.Props;

/** Makes a child actor for each download and tells the network where the pieces go. */
final class Parent extends AbstractActor {
  private final Network network;
  private final boolean fixed;

  Parent(Network network, boolean fixed) {
    this.network = network;
    this.fixed = fixed;
  }

  @Override
  public Receive createReceive() {
    return receiveBuilder().match(Download.class, this::begin).build();
  }

  private void begin(Download download) {
    ActorRef child = getContext().actorOf(Props.create(Child.class, () -> new Child(fixed)), download.name);
    network.fetch(child, download.size);
  }
}
