package akka.japi.pf;

import akka.actor.AbstractActor;
import java.util.ArrayList;
import java.util.List;

/** What an actor does with which message. */
public final class ReceiveBuilder {
  private final List<UnitCaseStatement<?>> cases = new ArrayList<>(1);

  public <P> ReceiveBuilder match(Class<P> type, FI.UnitApply<P> apply) {
    cases.add(new UnitCaseStatement<>(type, apply));
    return this;
  }

  public AbstractActor.Receive build() {
    return message -> {
      for (UnitCaseStatement<?> candidate : cases) {
        if (candidate.accepts(message)) {
          return;
        }
      }
    };
  }
}
