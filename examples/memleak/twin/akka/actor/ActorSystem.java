package akka.actor;

import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;

/** Keeps the actors at the top and runs all of them. */
public final class ActorSystem {
  private final ForkJoinPool dispatcher =
      new ForkJoinPool(
          2,
          ForkJoinPool.defaultForkJoinWorkerThreadFactory,
          (thread, error) -> Thread.getDefaultUncaughtExceptionHandler().uncaughtException(thread, error),
          true);

  private final ActorCell guardian;

  private ActorSystem(String name) {
    guardian = new ActorCell(this, null, Props.create(Guardian.class, Guardian::new), name);
  }

  public static ActorSystem create(String name) {
    return new ActorSystem(name);
  }

  public ActorRef actorOf(Props props, String name) {
    return guardian.actorOf(props, name);
  }

  Executor dispatcher() {
    return dispatcher;
  }

  private static final class Guardian extends AbstractActor {
    @Override
    public Receive createReceive() {
      return receiveBuilder().build();
    }
  }
}
