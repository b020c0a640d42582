package akka.japi.pf;

/** One type of message and what is done with it. */
final class UnitCaseStatement<P> {
  private final Class<P> type;
  private final FI.UnitApply<P> apply;

  UnitCaseStatement(Class<P> type, FI.UnitApply<P> apply) {
    this.type = type;
    this.apply = apply;
  }

  boolean accepts(Object message) throws Exception {
    if (!type.isInstance(message)) {
      return false;
    }
    apply.apply(type.cast(message));
    return true;
  }
}
