package akka.japi;

/** Makes an actor. */
public interface Creator<T> {
  T create() throws Exception;
}
