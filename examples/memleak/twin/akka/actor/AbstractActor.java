package akka.actor;

import akka.japi.pf.ReceiveBuilder;

/** What a program's actors extend. */
public abstract class AbstractActor {
  /** What an actor does with a message. */
  public interface Receive {
    void apply(Object message) throws Exception;
  }

  ActorCell cell;

  public abstract Receive createReceive();

  public final ReceiveBuilder receiveBuilder() {
    return new ReceiveBuilder();
  }

  public final ActorCell getContext() {
    return cell;
  }

  public final ActorRef getSelf() {
    return cell.self;
  }
}
