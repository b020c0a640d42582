package akka.actor;

import akka.japi.Creator;

/** How to make an actor. */
public final class Props {
  private final Creator<? extends AbstractActor> creator;

  private Props(Creator<? extends AbstractActor> creator) {
    this.creator = creator;
  }

  public static <T extends AbstractActor> Props create(Class<T> type, Creator<T> creator) {
    return new Props(creator);
  }

  AbstractActor newActor() {
    try {
      return creator.create();
    } catch (Exception error) {
      throw new IllegalStateException("an actor could not be made", error);
    }
  }
}
