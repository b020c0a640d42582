package memleak;

/** Says that memory is gone and ends the process, as whoever restarts it expects. */
final class LastWords implements Thread.UncaughtExceptionHandler {
  static final int OUT_OF_MEMORY = 3;

  private final String name;
  private byte[] reserve = new byte[512 * 1024]; // so that there is room for the words

  LastWords(String name) {
    this.name = name;
  }

  @Override
  public void uncaughtException(Thread thread, Throwable error) {
    reserve = null;
    try {
      System.out.println(name + ": " + error + " in " + thread.getName() + " after " + Tally.files() + " downloads");
    } finally { // another thread may have taken the reserve
      Runtime.getRuntime().halt(error instanceof OutOfMemoryError ? OUT_OF_MEMORY : 1);
    }
  }
}
