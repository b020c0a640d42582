package akka.japi.pf;

/** Shapes of lambdas. */
public final class FI {
  private FI() {}

  /** Does something with a message. */
  public interface UnitApply<P> {
    void apply(P message) throws Exception;
  }
}
