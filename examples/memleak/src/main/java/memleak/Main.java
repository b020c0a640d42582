package memleak;

import akka.actor.ActorRef;
import akka.actor.ActorSystem;
import akka.actor.Props;
import java.util.concurrent.ThreadLocalRandom;
import memleak.traffic.Service;

/** A service that downloads files on actors, beside its ordinary requests. See README.md for the properties. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    Settings settings = new Settings();
    Thread.setDefaultUncaughtExceptionHandler(new LastWords(settings.name));
    ActorSystem system = ActorSystem.create("downloads");
    Network network = new Network();
    ActorRef parent = system.actorOf(Props.create(Parent.class, () -> new Parent(network, settings.fixed)), "parent");
    Service service = new Service(settings.documents);

    start("network", network);
    start("requests", new Pace(settings.requests, service::serve));
    start("downloads", new Pace(settings.downloads, n -> parent.tell(download(n, settings.file), ActorRef.noSender())));
    System.out.printf(
        "READY %s version=%s pid=%d %s, actors of %s%n",
        settings.name,
        settings.version,
        ProcessHandle.current().pid(),
        settings.fixed ? "fixed" : "leaking",
        system.getClass().getName().startsWith("akka.actor.ActorSystemImpl") ? "Akka" : "the twin");
  }

  private static Download download(int number, int averageSize) {
    int size = averageSize / 2 + ThreadLocalRandom.current().nextInt(Math.max(1, averageSize));
    return new Download("download-" + number, size);
  }

  private static void start(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(false);
    thread.start();
  }
}
