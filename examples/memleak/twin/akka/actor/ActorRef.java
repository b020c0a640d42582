package akka.actor;

/** The only handle on an actor that programs have. */
public abstract class ActorRef {
  public abstract void tell(Object message, ActorRef sender);

  public static ActorRef noSender() {
    return null;
  }
}
